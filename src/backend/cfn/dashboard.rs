//! One page that a person keeps open: how the executions go, how what they use goes, what failed and why.

use serde_json::{Value, json};

use super::build::Build;
use super::late::Late;
use super::machine::log_group_name;
use super::watch::{subjects, watches};
use crate::catalog::machine::shorten;
use crate::catalog::metric::{GRAPHS, Graph, Subject};
use crate::ir::pattern::{Pattern, Piece};
use crate::ir::{Deploy, LogLevel, PipelineId};

/// Characters of a dashboard's name, without the region behind it.
const NAME: usize = 200;
/// The page has so many columns.
const WIDE: u64 = 24;
const NARROW: u64 = 8;
const HIGH: u64 = 6;
/// Seconds of a point.
const PERIOD: u64 = 300;

/// Places widgets from left to right, in rows.
#[derive(Default)]
struct Page {
    widgets: Vec<Late>,
    x: u64,
    y: u64,
    row: u64,
}

impl Page {
    fn add(&mut self, kind: &str, width: u64, height: u64, properties: Vec<(&str, Late)>) {
        if self.x + width > WIDE {
            self.end_row();
        }
        let properties = properties
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        self.widgets.push(object(vec![
            ("type", plain(json!(kind))),
            ("x", plain(json!(self.x))),
            ("y", plain(json!(self.y))),
            ("width", plain(json!(width))),
            ("height", plain(json!(height))),
            ("properties", Late::Object(properties)),
        ]));
        self.x += width;
        self.row = self.row.max(height);
    }

    fn end_row(&mut self) {
        self.x = 0;
        self.y += self.row;
        self.row = 0;
    }
}

fn plain(value: Value) -> Late {
    Late::Json(value)
}

fn object(members: Vec<(&str, Late)>) -> Late {
    Late::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

fn region() -> Late {
    Late::Text(Pattern::from(Deploy::Region))
}

pub(super) fn add(build: &mut Build<'_>, id: PipelineId) {
    let pipeline = build.program.pipeline(id);
    if !pipeline.settings.dashboard {
        return;
    }
    let mut page = Page::default();
    let title = match pipeline.doc.as_deref().filter(|doc| !doc.is_empty()) {
        Some(doc) => format!("# {}\n{doc}", pipeline.name),
        None => format!("# {}", pipeline.name),
    };
    page.add("text", WIDE, 2, vec![("markdown", plain(json!(title)))]);
    page.end_row();
    add_alarms(build, id, &mut page);
    for graph in GRAPHS {
        for subject in subjects(build, id, graph.subject) {
            add_graph(&mut page, graph, &subject);
        }
    }
    page.end_row();
    if pipeline.settings.log.level != LogLevel::Off {
        add_failures(build, id, &mut page);
    }
    let body = object(vec![("widgets", Late::List(page.widgets))]);
    let mut name = Pattern::text(shorten(&pipeline.name, "-", NAME));
    name.push(Piece::Deploy(Deploy::Region));
    let properties = json!({
        "DashboardName": build.names.text(&name),
        "DashboardBody": build.names.text(&body.write()),
    });
    let logical = build.names.claim(&pipeline.name, "Dashboard");
    let tags = build.tags_of(pipeline);
    build.add(&logical, "AWS::CloudWatch::Dashboard", properties, &tags);
}

fn add_alarms(build: &Build<'_>, id: PipelineId, page: &mut Page) {
    let alarms: Vec<Late> = watches(build, id)
        .into_iter()
        .map(|watch| Late::Text(watch.arn()))
        .collect();
    if alarms.is_empty() {
        return;
    }
    let properties = vec![
        ("title", plain(json!("Alarms"))),
        ("alarms", Late::List(alarms)),
    ];
    page.add("alarm", WIDE, 2, properties);
    page.end_row();
}

fn add_graph(page: &mut Page, graph: &Graph, subject: &Pattern) {
    let metrics = graph
        .lines
        .iter()
        .map(|(metric, statistic, label, dimensions)| {
            let mut line = vec![
                plain(json!(graph.namespace)),
                plain(json!(metric)),
                plain(json!(graph.subject.dimension())),
                Late::Text(subject.clone()),
            ];
            for (name, value) in *dimensions {
                line.push(plain(json!(name)));
                line.push(plain(json!(value)));
            }
            line.push(plain(json!({ "label": label, "stat": statistic })));
            Late::List(line)
        })
        .collect();
    let mut title = Pattern::text(graph.title);
    if !matches!(graph.subject, Subject::Machine | Subject::DeadLetters) {
        title.push(Piece::Text(" ".to_owned()));
        title.append(subject.clone());
    }
    page.add(
        "metric",
        NARROW,
        HIGH,
        vec![
            ("title", Late::Text(title)),
            ("region", region()),
            ("view", plain(json!("timeSeries"))),
            ("stacked", plain(json!(false))),
            ("period", plain(json!(PERIOD))),
            (
                "yAxis",
                plain(json!({ "left": { "min": 0, "label": graph.unit, "showUnits": false } })),
            ),
            ("metrics", Late::List(metrics)),
        ],
    );
}

/// The latest failures, from the log.
fn add_failures(build: &Build<'_>, id: PipelineId, page: &mut Page) {
    let mut query = Pattern::text("SOURCE '");
    query.append(log_group_name(&build.program.pipeline(id).name));
    query.push(Piece::Text(
        "' | fields @timestamp, execution_arn, type, details.error, details.cause | filter type like /Failed|TimedOut|Aborted/ | sort @timestamp desc | limit 20"
            .to_owned(),
    ));
    page.add(
        "log",
        WIDE,
        HIGH,
        vec![
            ("title", plain(json!("The latest failures"))),
            ("region", region()),
            ("view", plain(json!("table"))),
            ("query", Late::Text(query)),
        ],
    );
}
