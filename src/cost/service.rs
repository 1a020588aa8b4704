//! What the services themselves ask for a call, where its arguments tell.

use super::Range;
use super::assume::{Assumptions, Question, Unit};
use super::price::{Prices, round_up};
use super::size::number;
use crate::catalog::Pattern;
use crate::ir::{Arguments, Call, Deploy, Expr, ExprKind, Literal, Program, ResourceId, Target};

/// A call, priced.
#[derive(Clone, Debug, PartialEq)]
pub struct Priced {
    /// `glue.startJobRun`
    pub operation: String,
    /// Dollars a call; None where the table has no price.
    pub price: Option<Range>,
    /// `10 DPU × 10m × $0.44`
    pub how: String,
    /// AWS's own page was not read for it.
    pub unverified: bool,
    /// Seconds that the call takes.
    pub seconds: f64,
}

/// Seconds, if nobody says how long.
const JOB: f64 = 600.0;
const QUERY: f64 = 30.0;
const FUNCTION: f64 = 1.0;
const CALLBACK: f64 = 3600.0;
const REQUEST: f64 = 0.1;
const MOST_SECONDS: f64 = 366.0 * 86_400.0;
/// DPU of a job whose workers the source does not say.
const DPU: f64 = 10.0;
const GIGABYTE: f64 = 1024.0 * 1024.0 * 1024.0;
const TERABYTE: f64 = 1024.0 * GIGABYTE;
/// What a query reads.
const SCANNED: f64 = 10.0 * GIGABYTE;
/// Of a function whose memory the source does not say: Lambda's own default.
const FUNCTION_MEMORY: f64 = 128.0 * 1024.0 * 1024.0;

pub(super) struct Services<'a, 'g> {
    pub program: &'a Program,
    pub prices: &'a Prices,
    pub assumptions: &'a mut Assumptions<'g>,
}

impl Services<'_, '_> {
    pub fn price(&mut self, state: &str, call: &Call) -> Priced {
        let operation = call.operation;
        let key = (operation.service, operation.name.as_str());
        let mut priced = Priced {
            operation: format!("{}.{}", operation.service, operation.name),
            price: None,
            how: String::new(),
            unverified: false,
            seconds: REQUEST,
        };
        match (&call.target, key) {
            (Target::Activity(_), _) => {
                priced.operation = "activity".to_owned();
                priced.seconds = self.duration(state, CALLBACK);
                priced.price = Some(Range::default());
            }
            (_, ("glue", "startJobRun")) => self.glue(state, call, &mut priced),
            (_, ("athena", "startQueryExecution")) => self.athena(state, call, &mut priced),
            (_, ("lambda", "invoke")) => self.lambda(state, call, &mut priced),
            (_, ("emrserverless", "startJobRun")) => self.emr_serverless(state, &mut priced),
            (_, (service, name)) => {
                priced.seconds = match call.form.pattern {
                    Pattern::Sync => self.duration(state, JOB),
                    Pattern::Callback => self.duration(state, CALLBACK),
                    Pattern::RequestResponse => REQUEST,
                };
                if let Some(row) = self.prices.find_request(service, name) {
                    priced.price = Some(Range::exactly(row.price));
                    priced.unverified = row.unverified;
                    priced.how = format!("{} a request", super::report::dollars(row.price));
                }
            }
        }
        priced
    }

    fn duration(&mut self, state: &str, default: f64) -> f64 {
        self.assumptions.ask(Question {
            name: &format!("{state}.duration"),
            unit: Unit::Duration,
            default,
            known: false,
            most: MOST_SECONDS,
            what: format!("of a call of `{state}`"),
        })
    }

    fn glue(&mut self, state: &str, call: &Call, priced: &mut Priced) {
        let glue = &self.prices.glue;
        let said = |name: &str| {
            member(call, name).or_else(|| property(self.program, resource(call, "JobName")?, name))
        };
        let worker = said("WorkerType").and_then(text);
        let count = said("NumberOfWorkers").and_then(number);
        let capacity = said("MaxCapacity").and_then(number);
        let flex = said("ExecutionClass").and_then(text) == Some("FLEX");
        let dpu = match (worker.and_then(|worker| glue.workers.get(worker)), count) {
            (Some(worker), Some(count)) => Some(worker * count),
            _ => capacity,
        };
        let dpu = self.assumptions.ask(Question {
            name: &format!("{state}.dpu"),
            unit: Unit::Count,
            default: dpu.unwrap_or(DPU),
            known: dpu.is_some(),
            most: 100_000.0,
            what: format!("DPU of the job of `{state}`"),
        });
        let seconds = self.duration(state, JOB);
        let hour = if flex {
            glue.flex_dpu_hour
        } else {
            glue.dpu_hour
        };
        let billed = seconds.max(glue.least_seconds);
        priced.seconds = if call.form.pattern == Pattern::Sync {
            seconds
        } else {
            REQUEST
        };
        priced.price = Some(Range::exactly(dpu * billed / 3600.0 * hour));
        priced.how = format!(
            "{dpu} DPU × {} × ${hour} a DPU-hour",
            super::assume::write(billed, Unit::Duration)
        );
    }

    fn athena(&mut self, state: &str, call: &Call, priced: &mut Priced) {
        priced.seconds = match call.form.pattern {
            Pattern::Sync => self.duration(state, QUERY),
            _ => REQUEST,
        };
        if member(call, "QueryString").is_some_and(is_free) {
            priced.price = Some(Range::default());
            priced.how = "statements that define data are free".to_owned();
            return;
        }
        let athena = &self.prices.athena;
        let scanned = self.assumptions.ask(Question {
            name: &format!("{state}.scanned"),
            unit: Unit::Bytes,
            default: SCANNED,
            known: false,
            most: 1000.0 * TERABYTE,
            what: format!("scanned by the query of `{state}`"),
        });
        let billed = round_up(scanned, athena.round_bytes).max(athena.least_bytes);
        priced.price = Some(Range::exactly(billed / TERABYTE * athena.terabyte));
        priced.how = format!(
            "{} × ${} a TB",
            super::assume::write(billed, Unit::Bytes),
            athena.terabyte
        );
    }

    fn lambda(&mut self, state: &str, call: &Call, priced: &mut Priced) {
        let lambda = &self.prices.lambda;
        let function = match call.target {
            Target::Function(id) => Some(id),
            _ => resource(call, "FunctionName"),
        };
        let said = |name: &str| property(self.program, function?, name);
        let memory = said("MemorySize").and_then(number);
        let arm = match said("Architectures").and_then(Expr::as_literal) {
            Some(Literal::List(all)) => all.contains(&Literal::String("arm64".to_owned())),
            _ => false,
        };
        let memory = self.assumptions.ask(Question {
            name: &format!("{state}.memory"),
            unit: Unit::Bytes,
            default: memory.map_or(FUNCTION_MEMORY, |megabytes| megabytes * 1024.0 * 1024.0),
            known: memory.is_some(),
            most: 32.0 * GIGABYTE,
            what: format!("memory of the function of `{state}`"),
        });
        let seconds = self.duration(state, FUNCTION);
        let second = if arm {
            lambda.arm_gb_second
        } else {
            lambda.gb_second
        };
        priced.seconds = match call.form.pattern {
            Pattern::Callback => CALLBACK,
            _ => seconds,
        };
        let duration = round_up(seconds, 0.001) * memory / GIGABYTE * second;
        priced.price = Some(Range::exactly(lambda.request + duration));
        priced.how = format!(
            "{} × {} × ${second} a GB-second, and the request",
            super::assume::write(memory, Unit::Bytes),
            super::assume::write(seconds, Unit::Duration)
        );
    }

    fn emr_serverless(&mut self, state: &str, priced: &mut Priced) {
        let emr = &self.prices.emr_serverless;
        let seconds = self.duration(state, JOB);
        let count = |assumptions: &mut Assumptions, name: &str, default: f64, what: &str| {
            assumptions.ask(Question {
                name: &format!("{state}.{name}"),
                unit: if name == "memory" {
                    Unit::Bytes
                } else {
                    Unit::Count
                },
                default,
                known: false,
                most: 1e15,
                what: format!("{what} of the job of `{state}`"),
            })
        };
        let cpu = count(self.assumptions, "vcpu", 16.0, "vCPU");
        let memory = count(self.assumptions, "memory", 64.0 * GIGABYTE, "memory");
        let hours = seconds.max(emr.least_seconds) / 3600.0;
        priced.seconds = seconds;
        let hour = cpu * emr.vcpu_hour + memory / GIGABYTE * emr.gb_hour;
        priced.price = Some(Range::exactly(hours * hour));
        priced.how = format!(
            "{cpu} vCPU and {} × {}",
            super::assume::write(memory, Unit::Bytes),
            super::assume::write(seconds, Unit::Duration)
        );
    }
}

fn member<'c>(call: &'c Call, name: &str) -> Option<&'c Expr> {
    match &call.arguments {
        Arguments::Members(members) => {
            let found = members.iter().find(|(own, _)| own == name);
            found.map(|(_, value)| value)
        }
        Arguments::Value(_) => None,
    }
}

/// The declared resource that an argument names.
fn resource(call: &Call, name: &str) -> Option<ResourceId> {
    match member(call, name)?.kind {
        ExprKind::Deploy(Deploy::Resource(id, _)) => Some(id),
        _ => None,
    }
}

fn property<'p>(program: &'p Program, id: ResourceId, name: &str) -> Option<&'p Expr> {
    program.resource(id).creation()?.property(name)
}

fn text(expr: &Expr) -> Option<&str> {
    match expr.as_literal() {
        Some(Literal::String(text)) => Some(text),
        _ => None,
    }
}

/// Whether a query only defines data: `CREATE TABLE … AS SELECT` reads, all others of these do not.
fn is_free(query: &Expr) -> bool {
    let start = match &query.kind {
        ExprKind::Template(parts) => parts.first().and_then(text),
        _ => text(query),
    };
    let Some(start) = start.map(str::to_ascii_uppercase) else {
        return false;
    };
    let mut words = start.split_whitespace();
    match words.next() {
        Some("ALTER" | "DROP" | "MSCK" | "SHOW" | "DESCRIBE") => true,
        Some("CREATE") => matches!(words.next(), Some("DATABASE" | "SCHEMA" | "EXTERNAL")),
        _ => false,
    }
}
