//! Alarms: what a pipeline's author wants to be told of.

use serde_json::{Value, json};

use super::build::Build;
use crate::catalog::machine::{dead_letters_name, shorten};
use crate::catalog::metric::{Bound, HOUR, Measure, Subject};
use crate::catalog::resource::RefForm;
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::subject::find_subjects;
use crate::ir::{Alarm, Deploy, PipelineId, ResourceId};

/// Characters of an alarm's name.
const NAME: usize = 255;
/// Seconds that are counted together.
const PERIOD: u64 = 300;
const MINUTE: u64 = 60;
const DAY: u64 = 86_400;

/// An alarm of the template: one for each that is measured.
pub(super) struct Watch<'p> {
    pub alarm: &'p Alarm,
    pub subject: Pattern,
    /// What CloudWatch calls it.
    pub name: Pattern,
}

impl Watch<'_> {
    /// By its name, so that what it notifies can name it.
    pub fn arn(&self) -> Pattern {
        let mut arn = Pattern::text("arn:");
        for piece in [
            Piece::Deploy(Deploy::Partition),
            Piece::Text(":cloudwatch:".to_owned()),
            Piece::Deploy(Deploy::Region),
            Piece::Text(":".to_owned()),
            Piece::Deploy(Deploy::Account),
            Piece::Text(":alarm:".to_owned()),
        ] {
            arn.push(piece);
        }
        arn.append(self.name.clone());
        arn
    }
}

/// All alarms of a pipeline, in order.
pub(super) fn watches<'p>(build: &Build<'p>, id: PipelineId) -> Vec<Watch<'p>> {
    let program = build.program;
    let pipeline = program.pipeline(id);
    let mut watches = Vec::new();
    for alarm in &pipeline.settings.alarms {
        let word = alarm.measure.word.replace('_', "-");
        let subjects = subjects(build, id, alarm.measure.subject);
        let alone = subjects.len() == 1;
        for subject in subjects {
            let mut name = Pattern::text(shorten(&pipeline.name, &format!("-{word}"), NAME / 2));
            if !alone {
                name.push(Piece::Text("-".to_owned()));
                name.append(subject.clone());
            }
            watches.push(Watch {
                alarm,
                subject,
                name,
            });
        }
    }
    watches
}

/// The values of the dimension that names what is measured.
pub(super) fn subjects(build: &Build<'_>, id: PipelineId, subject: Subject) -> Vec<Pattern> {
    let pipeline = build.program.pipeline(id);
    match subject {
        Subject::Machine => vec![Pattern::from(Deploy::Machine(id))],
        Subject::DeadLetters if pipeline.has_dead_letters() => {
            vec![Pattern::text(dead_letters_name(&pipeline.name))]
        }
        Subject::DeadLetters => Vec::new(),
        subject => find_subjects(build.program, pipeline, subject),
    }
}

/// The ARNs of the alarms of a pipeline that notify a topic.
pub(super) fn alarm_arns(build: &Build<'_>, id: PipelineId, topic: ResourceId) -> Vec<Pattern> {
    watches(build, id)
        .into_iter()
        .filter(|watch| watch.alarm.notify.contains(&topic))
        .map(|watch| watch.arn())
        .collect()
}

pub(super) fn add(build: &mut Build<'_>, id: PipelineId) {
    let pipeline = build.program.pipeline(id);
    let tags = build.tags_of(pipeline);
    for watch in watches(build, id) {
        let word = super::names::pascal(watch.alarm.measure.word);
        let logical = build.names.claim(&pipeline.name, &format!("{word}Alarm"));
        let properties = alarm(build, &pipeline.name, &watch);
        build.add(&logical, "AWS::CloudWatch::Alarm", properties, &tags);
        // What is quiet before anything has run says nothing about a new version.
        let measure = watch.alarm.measure;
        if measure.subject == Subject::Machine && measure.bound != Bound::Nothing {
            build.alarms.push((id, logical));
        }
    }
}

fn alarm(build: &Build<'_>, pipeline: &str, watch: &Watch<'_>) -> Value {
    let measure = watch.alarm.measure;
    let (period, periods) = window(measure, watch.alarm.above);
    let mut properties = json!({
        "AlarmName": build.names.text(&watch.name),
        "AlarmDescription": format!("{pipeline}: {}", measure.says),
    });
    if let [dimensions] = measure.dimensions {
        properties["Namespace"] = json!(measure.namespace);
        properties["MetricName"] = json!(measure.metric);
        properties["Dimensions"] = all_dimensions(build, measure, &watch.subject, dimensions);
        properties["Statistic"] = json!(measure.statistic);
        properties["Period"] = json!(period);
    } else {
        properties["Metrics"] = sum(build, measure, &watch.subject, period);
    }
    let (comparison, threshold) = match measure.bound {
        Bound::Count | Bound::Bytes => ("GreaterThanThreshold", watch.alarm.above),
        Bound::Longer(units) => ("GreaterThanThreshold", watch.alarm.above * units),
        Bound::Nothing => ("LessThanThreshold", 1.0),
        Bound::Lasting => ("GreaterThanOrEqualToThreshold", 1.0),
    };
    properties["EvaluationPeriods"] = json!(periods);
    properties["Threshold"] = number(threshold);
    properties["ComparisonOperator"] = json!(comparison);
    properties["TreatMissingData"] = json!(match measure.bound {
        Bound::Nothing => "breaching",
        _ => "notBreaching",
    });
    let actions: Vec<Value> = watch
        .alarm
        .notify
        .iter()
        .map(|topic| {
            build
                .names
                .text(&build.tracer.resource(*topic, RefForm::Arn))
        })
        .collect();
    if !actions.is_empty() {
        properties["AlarmActions"] = Value::Array(actions);
    }
    properties
}

/// A whole number without a fraction.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        json!(value as i64)
    } else {
        json!(value)
    }
}

/// The seconds of a period, and how many are looked at.
fn window(measure: &Measure, above: f64) -> (u64, u64) {
    let seconds = above as u64;
    match measure.bound {
        Bound::Count | Bound::Bytes | Bound::Longer(_) => (PERIOD, 1),
        Bound::Nothing | Bound::Lasting => {
            let period = if seconds > DAY || seconds.is_multiple_of(HOUR) {
                HOUR
            } else if seconds.is_multiple_of(PERIOD) {
                PERIOD
            } else {
                MINUTE
            };
            (period, seconds.div_ceil(period).max(1))
        }
    }
}

fn all_dimensions(
    build: &Build<'_>,
    measure: &Measure,
    subject: &Pattern,
    dimensions: &[(&str, &str)],
) -> Value {
    let own = json!({
        "Name": measure.subject.dimension(),
        "Value": build.names.text(subject),
    });
    let others = dimensions
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }));
    std::iter::once(own).chain(others).collect()
}

/// Several metrics added up, those without data as nothing.
fn sum(build: &Build<'_>, measure: &Measure, subject: &Pattern, period: u64) -> Value {
    let mut metrics = Vec::new();
    let mut terms = Vec::new();
    for (i, dimensions) in measure.dimensions.iter().enumerate() {
        let id = format!("m{i}");
        terms.push(format!("FILL({id}, 0)"));
        metrics.push(json!({
            "Id": id,
            "MetricStat": {
                "Metric": {
                    "Namespace": measure.namespace,
                    "MetricName": measure.metric,
                    "Dimensions": all_dimensions(build, measure, subject, dimensions),
                },
                "Period": period,
                "Stat": measure.statistic,
            },
            "ReturnData": false,
        }));
    }
    metrics.push(json!({
        "Id": "sum",
        "Expression": terms.join(" + "),
        "Label": measure.says,
        "ReturnData": true,
    }));
    Value::Array(metrics)
}
