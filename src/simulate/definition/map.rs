//! Map states.

use super::fields::Fields;
use super::parse::Parser;
use super::{FlowId, Language, Mode, Setting};
use crate::simulate::jsonpath::Path;
use crate::simulate::template::Template;

#[derive(Debug)]
pub(in crate::simulate) struct Map {
    pub processor: FlowId,
    /// The type of the children of a distributed map; None for an inline one.
    pub distributed: Option<Mode>,
    pub label: Option<String>,
    pub items: Option<Template>,
    pub items_path: Option<Path>,
    pub selector: Option<Template>,
    /// `ItemSelector`, or `Parameters` as it was called once.
    pub selector_name: &'static str,
    pub max_concurrency: Option<Setting>,
    pub reader: Option<Reader>,
    pub batcher: Option<Batcher>,
    pub tolerated_count: Option<Setting>,
    pub tolerated_percentage: Option<Setting>,
    pub writer: Option<Writer>,
}

#[derive(Debug)]
pub(in crate::simulate) struct Reader {
    pub resource: String,
    pub arguments: Option<Template>,
    pub arguments_name: &'static str,
    pub config: ReaderConfig,
}

#[derive(Debug)]
pub(in crate::simulate) struct ReaderConfig {
    pub input_type: Option<InputType>,
    /// `LOAD_AND_FLATTEN`: the objects that are listed are read.
    pub flatten: bool,
    pub manifest_type: Option<ManifestType>,
    pub header_location: HeaderLocation,
    pub headers: Vec<String>,
    pub delimiter: u8,
    pub items_pointer: Option<String>,
    pub max_items: Option<Setting>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum InputType {
    Csv,
    Json,
    JsonLines,
    Parquet,
    Manifest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum ManifestType {
    AthenaData,
    S3Inventory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum HeaderLocation {
    FirstRow,
    Given,
}

#[derive(Debug)]
pub(in crate::simulate) struct Batcher {
    pub max_items: Option<Setting>,
    pub max_bytes: Option<Setting>,
    pub input: Option<Template>,
}

#[derive(Debug)]
pub(in crate::simulate) struct Writer {
    pub arguments: Option<Template>,
    pub arguments_name: &'static str,
    /// `COMPACT` or `FLATTEN`, else the children's details are written too.
    pub compact: bool,
    pub flatten: bool,
    pub lines: bool,
}

/// Fields of distributed maps.
const DISTRIBUTED_ONLY: [&str; 8] = [
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
    "Label",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentagePath",
    "MaxItemsPath",
    "Resource",
];

pub(super) fn parse(parser: &mut Parser, fields: &Fields) -> Option<Map> {
    let processor_name = if fields.has("ItemProcessor") {
        "ItemProcessor"
    } else {
        "Iterator"
    };
    let Some(processor) = fields.object(processor_name) else {
        fields.require(&["ItemProcessor"]);
        return None;
    };
    let distributed = processor_mode(parser, &processor);
    if distributed.is_none() {
        for field in DISTRIBUTED_ONLY.iter().filter(|field| fields.has(field)) {
            let message = format!("Field '{field}' is supported in 'DISTRIBUTED' mode only");
            fields.refuse(field, message);
        }
    } else if parser.mode == Mode::Express {
        let message = "Express state machine does not support distributed Map states";
        fields.refuse("", message);
    }
    let selector_name = if fields.has("ItemSelector") {
        "ItemSelector"
    } else {
        "Parameters"
    };
    let selector = match fields.language {
        Language::Jsonata => fields.template("ItemSelector"),
        Language::JsonPath => fields.template(selector_name),
    };
    Some(Map {
        processor: parser.flow(&processor)?,
        distributed,
        label: fields.text("Label").map(str::to_owned),
        items: match fields.language {
            Language::Jsonata => fields.template("Items"),
            Language::JsonPath => None,
        },
        items_path: fields.path("ItemsPath"),
        selector,
        selector_name,
        max_concurrency: fields.setting("MaxConcurrency", "MaxConcurrencyPath"),
        reader: fields.object("ItemReader").and_then(|f| reader(&f)),
        batcher: fields.object("ItemBatcher").map(|f| Batcher {
            max_items: f.setting("MaxItemsPerBatch", "MaxItemsPerBatchPath"),
            max_bytes: f.setting("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath"),
            input: f.template("BatchInput"),
        }),
        tolerated_count: fields.setting("ToleratedFailureCount", "ToleratedFailureCountPath"),
        tolerated_percentage: fields.setting(
            "ToleratedFailurePercentage",
            "ToleratedFailurePercentagePath",
        ),
        writer: fields.object("ResultWriter").map(|f| writer(&f)),
    })
}

/// The type of the children; None for inline maps.
fn processor_mode(parser: &Parser, processor: &Fields) -> Option<Mode> {
    let config = processor.object("ProcessorConfig")?;
    match config.text("Mode") {
        None | Some("INLINE") => None,
        Some("DISTRIBUTED") => match config.text("ExecutionType") {
            Some("EXPRESS") => Some(Mode::Express),
            Some("STANDARD") => Some(Mode::Standard),
            // Without a type the children are of the machine's own.
            None => Some(parser.mode),
            Some(_) => {
                config.refuse("ExecutionType", "Value must be 'STANDARD' or 'EXPRESS'");
                Some(Mode::Standard)
            }
        },
        Some(_) => {
            config.refuse("Mode", "Value must be 'INLINE' or 'DISTRIBUTED'");
            None
        }
    }
}

fn arguments_name(fields: &Fields) -> &'static str {
    match fields.language {
        Language::Jsonata => "Arguments",
        Language::JsonPath => "Parameters",
    }
}

fn reader(fields: &Fields) -> Option<Reader> {
    if !fields.require(&["Resource"]) {
        return None;
    }
    let arguments_name = arguments_name(fields);
    let empty = serde_json::Map::new();
    let config = fields.object("ReaderConfig").unwrap_or_else(|| Fields {
        object: &empty,
        location: fields.place("ReaderConfig"),
        language: fields.language,
        problems: fields.problems,
    });
    let input_type = config.text("InputType").and_then(|word| match word {
        "CSV" => Some(InputType::Csv),
        "JSON" => Some(InputType::Json),
        "JSONL" => Some(InputType::JsonLines),
        "PARQUET" => Some(InputType::Parquet),
        "MANIFEST" => Some(InputType::Manifest),
        _ => {
            config.refuse("InputType", format!("Value '{word}' is no input type"));
            None
        }
    });
    let manifest_type = config.text("ManifestType").and_then(|word| match word {
        "ATHENA_DATA" => Some(ManifestType::AthenaData),
        "S3_INVENTORY" => Some(ManifestType::S3Inventory),
        _ => {
            config.refuse(
                "ManifestType",
                format!("Value '{word}' is no manifest type"),
            );
            None
        }
    });
    let delimiter = match config.text("CSVDelimiter") {
        None | Some("COMMA") => b',',
        Some("PIPE") => b'|',
        Some("SEMICOLON") => b';',
        Some("SPACE") => b' ',
        Some("TAB") => b'\t',
        Some(word) => {
            config.refuse("CSVDelimiter", format!("Value '{word}' is no delimiter"));
            b','
        }
    };
    let header_location = match config.text("CSVHeaderLocation") {
        Some("GIVEN") => HeaderLocation::Given,
        None | Some("FIRST_ROW") => HeaderLocation::FirstRow,
        Some(word) => {
            config.refuse(
                "CSVHeaderLocation",
                format!("Value '{word}' is no header location"),
            );
            HeaderLocation::FirstRow
        }
    };
    Some(Reader {
        resource: fields.text("Resource")?.to_owned(),
        arguments: fields.template(arguments_name),
        arguments_name,
        config: ReaderConfig {
            input_type,
            flatten: config.text("Transformation") == Some("LOAD_AND_FLATTEN"),
            manifest_type,
            header_location,
            headers: config.texts("CSVHeaders"),
            delimiter,
            items_pointer: config.text("ItemsPointer").map(str::to_owned),
            max_items: config.setting("MaxItems", "MaxItemsPath"),
        },
    })
}

fn writer(fields: &Fields) -> Writer {
    let arguments_name = arguments_name(fields);
    let config = fields.object("WriterConfig");
    let word = |field: &str| config.as_ref().and_then(|config| config.text(field));
    let exported = fields.has(arguments_name);
    if exported != fields.has("Resource") {
        let message = format!("'Resource' and '{arguments_name}' must be given together");
        fields.refuse("", message);
    }
    let transformation = word("Transformation");
    Writer {
        arguments: fields.template(arguments_name),
        arguments_name,
        // What stays in the state is compact if not said.
        compact: transformation == Some("COMPACT") || transformation.is_none() && !exported,
        flatten: transformation == Some("FLATTEN"),
        lines: word("OutputType") == Some("JSONL"),
    }
}
