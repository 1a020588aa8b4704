//! What a pipeline uses that CloudWatch measures: the jobs that it starts, the workgroups that it queries in.

use super::access::call_members_of;
use super::pattern::Pattern;
use super::pattern::trace::{self, Tracer};
use super::{Pipeline, Program, StageKind, Target, for_each_stage};
use crate::catalog::metric::Subject;
use crate::catalog::resource::RefForm;

/// The names of what a pipeline uses of this kind, each once, in the order of use. Names that only the run knows are not
/// among them.
pub fn find_subjects(program: &Program, pipeline: &Pipeline, subject: Subject) -> Vec<Pattern> {
    let Some((service, operation, member)) = subject.used_by() else {
        return Vec::new();
    };
    let tracer = Tracer::new(program, pipeline);
    let mut found: Vec<Pattern> = Vec::new();
    for_each_stage(&pipeline.body, &mut |stage| {
        let StageKind::Call(call) = &stage.kind else {
            return;
        };
        if call.operation.service != service || call.operation.name != operation {
            return;
        }
        let names = match call.target {
            Target::Function(id) => vec![tracer.resource(id, RefForm::Name)],
            _ => match call_members_of(call).find(|(name, _)| *name == member) {
                Some((_, value)) => trace::each(|choices| tracer.text(value, choices)),
                None => Vec::new(),
            },
        };
        for name in names {
            let name = tracer.read(subject.reading(), name);
            let known = name.is_exact() && !name.is_empty() && name.as_choice().is_none();
            if known && !found.contains(&name) {
                found.push(name);
            }
        }
    });
    found
}
