//! `flowc catalog`: what can be called, with which arguments, and what that gives, raises and needs.

mod data;
mod layout;
mod page;
mod types;

use super::output::Output;
use super::{Format, Outcome};
use crate::catalog::{self, Operation, Service};
use crate::diagnostic::find_nearest;
use crate::workspace::Error;

#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  flowc catalog                         all services
  flowc catalog glue                    the operations of one, and how each can be called
  flowc catalog glue.startJobRun        arguments, results, errors and permissions
  flowc catalog glue.startJobRun --json the same for programs (docs/CATALOG.md)")]
pub(super) struct Args {
    /// A service, or one of its operations (default: list the services)
    #[arg(value_name = "SERVICE[.OPERATION]")]
    name: Option<String>,

    /// Print data instead of a page (as `--format json`)
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, output: &mut Output) -> Result<Outcome, Error> {
    let json = args.json || output.format() == Format::Json;
    let found = match &args.name {
        None => Ok(Found::All),
        Some(name) => find(name),
    };
    let text = match found {
        Ok(Found::All) if json => pretty(&data::services(&overview())),
        Ok(Found::All) => page::services(&overview()),
        Ok(Found::Service(service)) if json => pretty(&data::service(service)),
        Ok(Found::Service(service)) => page::service(service),
        Ok(Found::Operation(operation)) if json => pretty(&data::operation(operation)),
        Ok(Found::Operation(operation)) => page::operation(operation),
        Err(message) => {
            output.error(&message);
            return Ok(Outcome::Problems);
        }
    };
    output.result(&text);
    Ok(Outcome::Fine)
}

/// Stands for declared activities; nobody writes it.
const ACTIVITY: &str = "activity";

fn overview() -> Vec<catalog::Overview> {
    let mut services = catalog::overview();
    services.retain(|service| service.name != ACTIVITY);
    services
}

enum Found {
    All,
    Service(&'static Service),
    Operation(&'static Operation),
}

/// What the name names, or what to say of one that names nothing.
fn find(name: &str) -> Result<Found, String> {
    let (service, operation) = match name.split_once('.') {
        Some((service, operation)) => (service, Some(operation)),
        None => (name, None),
    };
    let found = (service != ACTIVITY)
        .then(|| catalog::find_service(service))
        .flatten()
        .ok_or_else(|| unknown_service(service, operation))?;
    match operation {
        None => Ok(Found::Service(found)),
        Some(operation) => found
            .find_operation(operation)
            .map(Found::Operation)
            .ok_or_else(|| unknown_operation(found, operation)),
    }
}

fn unknown_service(service: &str, operation: Option<&str>) -> String {
    let names = catalog::service_names().filter(|name| *name != ACTIVITY);
    let near = catalog::find_meant_service(service)
        .filter(|name| *name != ACTIVITY)
        .or_else(|| find_nearest(service, names));
    match near {
        Some(near) => {
            let meant = match operation {
                Some(operation) => {
                    let found = catalog::find_service(near);
                    let names = found.into_iter().flat_map(Service::operation_names);
                    let operation = find_nearest(operation, names).unwrap_or(operation);
                    format!("{near}.{operation}")
                }
                None => near.to_owned(),
            };
            format!("there is no service `{service}`; did you mean `{meant}`?")
        }
        None => format!("there is no service `{service}`; `flowc catalog` lists all"),
    }
}

fn unknown_operation(service: &'static Service, operation: &str) -> String {
    let name = service.name;
    let fact = format!("`{name}` has no operation `{operation}`");
    match find_nearest(operation, service.operation_names()) {
        Some(near) => format!("{fact}; did you mean `{name}.{near}`?"),
        None => format!("{fact}; `flowc catalog {name}` lists them"),
    }
}

fn pretty(value: &impl serde::Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Some operations of every service.
    fn operations() -> impl Iterator<Item = &'static Operation> {
        (overview().into_iter())
            .filter_map(|service| catalog::find_service(service.name))
            .flat_map(|service| {
                let names: Vec<String> = service.operation_names().map(str::to_owned).collect();
                names
                    .into_iter()
                    .step_by(9)
                    .map(move |name| (service, name))
            })
            .filter_map(|(service, name)| service.find_operation(&name))
    }

    #[test]
    fn a_line_of_a_page_is_long_only_where_a_word_is() {
        for operation in operations() {
            for line in page::operation(operation).lines() {
                // The last word did not fit where nothing stands before it either.
                let before = line.rfind(' ').map_or("", |at| line[..at].trim_end());
                let alone = before.is_empty() || line[before.len()..].starts_with("  ");
                assert!(
                    line.chars().count() <= layout::WIDTH || alone || line.contains('"'),
                    "{}.{}: {line}",
                    operation.service,
                    operation.name
                );
            }
        }
    }

    #[test]
    fn every_type_of_the_data_is_among_its_types() {
        fn places(value: &Value, found: &mut Vec<u64>) {
            match value {
                Value::Object(members) => {
                    for (name, value) in members {
                        let is_place = matches!(
                            name.as_str(),
                            "arguments" | "result" | "type" | "element" | "key" | "value"
                        );
                        match value.as_u64() {
                            Some(place) if is_place => found.push(place),
                            _ => places(value, found),
                        }
                    }
                }
                Value::Array(items) => items.iter().for_each(|item| places(item, found)),
                _ => {}
            }
        }
        for operation in operations() {
            let data = serde_json::json!(data::operation(operation));
            let count = data["types"].as_array().map_or(0, Vec::len) as u64;
            let mut found = Vec::new();
            places(&data, &mut found);
            assert_eq!(found.is_empty(), operation.refused.is_some());
            assert!(found.iter().all(|place| *place < count));
            // Nothing is there that nothing leads to.
            found.sort_unstable();
            found.dedup();
            assert_eq!(found.len() as u64, count);
        }
    }

    #[test]
    fn each_service_has_as_many_operations_as_it_lists() {
        for row in overview() {
            let service = catalog::find_service(row.name).expect("it was listed");
            assert_eq!(
                row.operations,
                service.operation_names().count(),
                "{}",
                row.name
            );
            assert_eq!(row.optimized, service.optimized_names(), "{}", row.name);
        }
    }
}
