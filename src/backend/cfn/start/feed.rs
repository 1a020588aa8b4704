//! What a trigger's input is for the service that sends it: text with the service's own placeholders.

use serde_json::{Map, Value};

use crate::backend::cfn::build::Build;
use crate::backend::cfn::late::{self, Late, text, write_escaped};
use crate::ir::pattern::Pattern;
use crate::ir::trigger::Field;
use crate::ir::{Feed, Literal};

/// Who fills the placeholders.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Scheduler,
    Rules,
    Pipes,
}

pub(super) struct Rendered {
    pub text: Pattern,
    /// The event as it is, so that nothing has to be said.
    pub whole: bool,
    pub placeholders: usize,
    /// For rules, what each placeholder stands for.
    pub paths: Map<String, Value>,
}

pub(super) fn render(build: &Build<'_>, service: Service, feed: &Feed) -> Rendered {
    let mut renderer = Renderer {
        build,
        service,
        placeholders: 0,
        paths: Map::new(),
    };
    let whole = matches!(feed, Feed::Event);
    let late = renderer.late(feed);
    Rendered {
        text: late.write(),
        whole,
        placeholders: renderer.placeholders,
        paths: renderer.paths,
    }
}

struct Renderer<'b, 'p> {
    build: &'b Build<'p>,
    service: Service,
    placeholders: usize,
    paths: Map<String, Value>,
}

impl Renderer<'_, '_> {
    fn late(&mut self, feed: &Feed) -> Late {
        match feed {
            Feed::Event => {
                self.placeholders += 1;
                Late::Raw(Pattern::text(match self.service {
                    Service::Rules => "<aws.events.event.json>",
                    Service::Pipes => "<aws.pipes.event.json>",
                    // The scheduler has no event; what it knows of one is written out before.
                    Service::Scheduler => "{}",
                }))
            }
            Feed::Literal(literal) => late::literal(literal),
            Feed::Deploy(expr) => Late::of(&self.build.tracer, expr),
            Feed::Field(field) => {
                let placeholder = self.placeholder(field);
                if field.quoted {
                    Late::Raw(Pattern::text(format!("\"{placeholder}\"")))
                } else {
                    Late::Raw(Pattern::text(placeholder))
                }
            }
            Feed::Text(parts) => {
                let mut whole = Pattern::text("\"");
                for part in parts {
                    match part {
                        Feed::Field(field) => text(&mut whole, &self.placeholder(field)),
                        Feed::Literal(Literal::String(part)) => {
                            text(&mut whole, &late::escape(part));
                        }
                        Feed::Deploy(expr) => {
                            write_escaped(&self.build.tracer.text_of(expr), &mut whole);
                        }
                        Feed::Literal(literal) => {
                            let json = crate::backend::cfn::value::literal(literal);
                            text(&mut whole, &late::escape(&json.to_string()));
                        }
                        Feed::Event | Feed::Text(_) | Feed::Object(_) | Feed::List(_) => {}
                    }
                }
                text(&mut whole, "\"");
                Late::Raw(whole)
            }
            Feed::Object(members) => Late::Object(
                members
                    .iter()
                    .map(|(name, value)| (name.clone(), self.late(value)))
                    .collect(),
            ),
            Feed::List(elements) => Late::List(elements.iter().map(|e| self.late(e)).collect()),
        }
    }

    /// `<name>`; a rule's names are its own.
    fn placeholder(&mut self, field: &Field) -> String {
        self.placeholders += 1;
        if self.service != Service::Rules {
            return format!("<{}>", field.path);
        }
        let path = Value::String(field.path.clone());
        if let Some((name, _)) = self.paths.iter().find(|(_, known)| **known == path) {
            return format!("<{name}>");
        }
        let last = field.path.rsplit(['.', '$']).find(|part| !part.is_empty());
        let base: String = last
            .unwrap_or("event")
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .collect();
        let name = (1..)
            .map(|n| {
                if n == 1 {
                    base.clone()
                } else {
                    format!("{base}{n}")
                }
            })
            .find(|name| !self.paths.contains_key(name))
            .unwrap_or_default();
        self.paths.insert(name.clone(), path);
        format!("<{name}>")
    }
}
