//! What a distributed map reads from S3, and what its items are.

use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::{Access, Dataset, Expr, Items, Literal, Reader, Time, Type};
use crate::resolve::expr::{self, require_time};
use crate::resolve::flow::Flow;
use crate::resolve::names::Names;
use crate::resolve::types::{describe, fits};
use crate::source::Span;
use crate::syntax::ast;

/// Words that read a dataset.
const READERS: &[(&str, Reader)] = &[
    ("csv", Reader::Csv),
    ("inventory", Reader::Inventory),
    ("json", Reader::Json),
    ("jsonl", Reader::Jsonl),
    ("manifest", Reader::Manifest),
    ("objects", Reader::Objects),
    ("parquet", Reader::Parquet),
];

/// Options of readers: the members of `ReaderConfig` or of the reader's `Arguments`, and where each may stand.
/// Source: the developer guide's page on ItemReader.
const OPTIONS: &[(&str, &[Reader], bool)] = &[
    ("CSVDelimiter", &[Reader::Csv, Reader::Manifest], true),
    ("CSVHeaders", &[Reader::Csv, Reader::Manifest], true),
    ("ExpectedBucketOwner", ALL_BUT_OBJECTS, false),
    ("InputType", &[Reader::Manifest, Reader::Objects], true),
    ("ItemsPointer", &[Reader::Json], true),
    ("MaxItems", ALL_READERS, true),
    ("Transformation", &[Reader::Objects], true),
    (
        "VersionId",
        &[
            Reader::Csv,
            Reader::Json,
            Reader::Jsonl,
            Reader::Manifest,
            Reader::Inventory,
        ],
        false,
    ),
];

const ALL_READERS: &[Reader] = &[
    Reader::Csv,
    Reader::Json,
    Reader::Jsonl,
    Reader::Parquet,
    Reader::Manifest,
    Reader::Inventory,
    Reader::Objects,
];

const ALL_BUT_OBJECTS: &[Reader] = &[
    Reader::Csv,
    Reader::Json,
    Reader::Jsonl,
    Reader::Parquet,
    Reader::Manifest,
    Reader::Inventory,
];

impl<'u> Flow<'_, 'u> {
    /// The type that an item is declared to have, which the items must fit.
    pub(super) fn item_type(&mut self, written: &ast::Type, element: Type, items: Span) -> Type {
        let ty = self.resolve_type(written);
        if let Type::Map(column) = element.expand()
            && ty.has_members()
        {
            self.check_columns(written, &column, &ty, items);
        } else if !fits(&element, &ty) {
            self.report(
                Diagnostic::new(
                    Code::TypeMismatch,
                    written.span,
                    format!("each item is {}, not {}", describe(&element), describe(&ty)),
                )
                .also(items, "the items"),
            );
        }
        ty
    }

    /// Which columns there are, only the data tells; what each of them is, is known.
    fn check_columns(&mut self, written: &ast::Type, column: &Type, ty: &Type, items: Span) {
        let narrower = |ty: &Type| {
            *column == Type::String && matches!(ty, Type::Enum(_) | Type::Timestamp | Type::Any)
        };
        let fields = ty.fields();
        let Some(wrong) = fields.iter().find(|field| {
            let declared = field.ty.non_null();
            !fits(column, &declared) && !narrower(&declared.expand())
        }) else {
            return;
        };
        let diagnostic = Diagnostic::new(
            Code::TypeMismatch,
            written.span,
            format!(
                "`{}` of each item is {}, not {}",
                wrong.name,
                describe(column),
                describe(&wrong.ty)
            ),
        )
        .also(items, "the items");
        let number = matches!(
            wrong.ty.non_null().expand(),
            Type::Int | Type::Number | Type::Duration | Type::Size
        );
        self.report(match (column, number) {
            (Type::String, true) => diagnostic.help(format!(
                "the fields of a CSV file are strings: declare it as `string`, and read it with `number(item.{})`",
                wrong.name
            )),
            (Type::String, false) => {
                diagnostic.help("the fields of a CSV file are strings: declare it as `string`")
            }
            _ => diagnostic,
        });
    }

    /// The reader's call, when that is what the map goes through.
    pub(super) fn dataset_of(
        &self,
        ast: &'u ast::Map,
    ) -> Option<(Reader, &'u [ast::Arg], &'u ast::Name)> {
        let ast::ExprKind::Call { name, args } = &ast.items.kind else {
            return None;
        };
        if self.scope.find_fn(&name.node).is_some() {
            return None;
        }
        let (_, reader) = READERS.iter().find(|(word, _)| *word == name.node)?;
        Some((*reader, args, name))
    }

    pub(super) fn dataset(
        &mut self,
        stage: &'u ast::Stage,
        ast: &'u ast::Map,
        reader: Reader,
        args: &'u [ast::Arg],
        name: &ast::Name,
    ) -> (Option<Items>, Type) {
        let second = if reader == Reader::Objects {
            "prefix"
        } else {
            "key"
        };
        let mut places: Vec<&ast::Arg> = Vec::new();
        let mut config: Vec<(String, Expr)> = Vec::new();
        let mut arguments: Vec<(String, Expr)> = Vec::new();
        let mut bucket = None;
        let mut key = None;
        let mut fine = true;
        for arg in args {
            match &arg.name {
                None => places.push(arg),
                Some(n) if n.node == "bucket" => bucket = Some(&arg.value),
                Some(n) if n.node == second => key = Some(&arg.value),
                Some(n) => {
                    fine &=
                        self.reader_option(reader, name, n, &arg.value, &mut config, &mut arguments)
                }
            }
        }
        let mut places = places.into_iter();
        if bucket.is_none() {
            bucket = places.next().map(|arg| &arg.value);
        }
        if key.is_none() {
            key = places.next().map(|arg| &arg.value);
        }
        if let Some(more) = places.next() {
            fine = false;
            self.report(
                Diagnostic::new(
                    Code::WrongArgumentCount,
                    more.span,
                    format!(
                        "`{}` takes a bucket and a {second} by place, its options by name",
                        name.node
                    ),
                )
                .help("`csv(bucket, key, CSVDelimiter: \"PIPE\")`"),
            );
        }
        let bucket = bucket.and_then(|written| {
            let value = expr::check(&mut self.scope, written, None);
            if value.ty == Type::Invalid {
                fine = false;
                return None;
            }
            self.bucket(value, &Type::String)
        });
        let key = key.map(|written| expr::check(&mut self.scope, written, Some(&Type::String)));
        if fine
            && (bucket.is_none() || key.is_none() && reader != Reader::Objects)
            && args.len() < 2
        {
            self.report(Diagnostic::new(
                Code::MissingArgument,
                name.span,
                format!("`{}` needs a bucket and a {second}", name.node),
            ));
        }
        let element = row_type(reader, &config);
        let within = self.dataset_within(stage);
        let accesses = self.dataset_accesses(stage);
        finish_config(reader, &mut config, name.span);
        let items = bucket.filter(|_| fine).map(|bucket| {
            Items::Dataset(Box::new(Dataset {
                reader,
                bucket,
                key,
                config,
                arguments,
                within,
                accesses,
                span: ast.items.span,
            }))
        });
        (items, element)
    }

    fn dataset_within(&mut self, stage: &'u ast::Stage) -> Option<Expr> {
        let pattern = stage
            .modifiers
            .iter()
            .find_map(|modifier| match &modifier.kind {
                ast::ModifierKind::Within(pattern) => Some(pattern),
                _ => None,
            })?;
        let value = expr::check(&mut self.scope, pattern, None);
        Some(self.pattern(value))
    }

    fn dataset_accesses(&mut self, stage: &'u ast::Stage) -> Vec<Access> {
        let before = self.scope.diagnostics.len();
        let modifiers = self.sort_modifiers(&stage.modifiers, stage.span);
        self.scope.diagnostics.truncate(before);
        self.accesses(&modifiers)
    }

    fn reader_option(
        &mut self,
        reader: Reader,
        what: &ast::Name,
        name: &ast::Name,
        value: &ast::Expr,
        config: &mut Vec<(String, Expr)>,
        arguments: &mut Vec<(String, Expr)>,
    ) -> bool {
        let known = OPTIONS
            .iter()
            .find(|(option, readers, _)| *option == name.node && readers.contains(&reader));
        let Some((option, _, in_config)) = known else {
            let offered = OPTIONS
                .iter()
                .filter(|(_, readers, _)| readers.contains(&reader))
                .map(|(option, ..)| *option);
            let diagnostic = Diagnostic::new(
                Code::UnknownArgument,
                name.span,
                format!("`{}` has no option `{}`", what.node, name.node),
            );
            let near = find_nearest(&name.node, offered.clone());
            self.report(match near {
                Some(near) => diagnostic.nearest(name.span, &name.node, near),
                None => {
                    let words: Vec<String> = offered.map(|o| format!("`{o}`")).collect();
                    diagnostic.help(format!("its options are {}", words.join(", ")))
                }
            });
            expr::check(&mut self.scope, value, None);
            return false;
        };
        let ty = match *option {
            "CSVDelimiter" => {
                Type::one_of(["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"].map(str::to_owned))
            }
            "CSVHeaders" => Type::list(Type::String),
            "InputType" => Type::one_of(["CSV", "JSON", "JSONL", "PARQUET"].map(str::to_owned)),
            "MaxItems" => Type::Int,
            "Transformation" => Type::one_of(["NONE", "LOAD_AND_FLATTEN"].map(str::to_owned)),
            _ => Type::String,
        };
        let value = expr::check(&mut self.scope, value, Some(&ty));
        if *in_config && *option != "MaxItems" {
            require_time(&mut self.scope, &value, Time::Build, &format!("`{option}`"));
        }
        if *option == "MaxItems" {
            self.check_range(&value, "`MaxItems`", 1, 100_000_000, "");
        }
        let fine = value.ty != Type::Invalid;
        if *in_config {
            config.push(((*option).to_owned(), value));
        } else {
            arguments.push(((*option).to_owned(), value));
        }
        fine
    }
}

/// What a reader gives for each item. Source: the developer guide's page on ItemReader; the spelling of an object's
/// members from recorded executions.
fn row_type(reader: Reader, config: &[(String, Expr)]) -> Type {
    let loads = config.iter().any(|(name, value)| {
        name == "Transformation"
            && value.as_literal() == Some(&Literal::String("LOAD_AND_FLATTEN".to_owned()))
    });
    match reader {
        Reader::Csv | Reader::Inventory => Type::map(Type::String),
        _ if has_input_type_csv(config) => Type::map(Type::String),
        Reader::Objects if !loads => Type::object([
            ("Etag".to_owned(), Type::String, false),
            ("Key".to_owned(), Type::String, false),
            ("LastModified".to_owned(), Type::Number, false),
            ("Size".to_owned(), Type::Int, false),
            ("StorageClass".to_owned(), Type::String, false),
        ]),
        _ => Type::Any,
    }
}

/// Where a CSV file's header stands follows from whether one is given.
fn finish_config(reader: Reader, config: &mut Vec<(String, Expr)>, span: Span) {
    let given = config.iter().any(|(name, _)| name == "CSVHeaders");
    if reader == Reader::Csv || has_input_type_csv(config) {
        let place = if given { "GIVEN" } else { "FIRST_ROW" };
        let value = Expr::literal(Literal::String(place.to_owned()), Type::String, span);
        config.insert(0, ("CSVHeaderLocation".to_owned(), value));
    }
}

fn has_input_type_csv(config: &[(String, Expr)]) -> bool {
    config.iter().any(|(name, value)| {
        name == "InputType" && value.as_literal() == Some(&Literal::String("CSV".to_owned()))
    })
}
