//! `map` and `parallel`: bodies that run on their own.

use std::collections::HashMap;
use std::rc::Rc;

use super::errors::Raises;
use super::{Flow, Inner, ReturnRecord, word_place};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::ir::{
    Batch, Block, Branch, Distributed, Expr, Items, LabelId, Literal, Map, ResultTarget, StageKind,
    Tolerate, Type, VariableKind,
};
use crate::resolve::arguments::Formal;
use crate::resolve::arguments::bind_arguments;
use crate::resolve::expr;
use crate::resolve::scope::{Body, BodyId, BodyKind, FrameKind, Named};
use crate::source::Span;
use crate::syntax::ast::{self, MapOptionKind};

mod datasets;

/// Items that an inline map runs at a time, at most; children of a distributed one.
const MOST_INLINE: i64 = 40;
const MOST_CHILDREN: i64 = 10_000;

/// A map's options, each at most once.
#[derive(Default)]
struct Options<'u> {
    distributed: Option<Span>,
    express: Option<Span>,
    standard: Option<Span>,
    collect: Option<Span>,
    batch: Option<(&'u ast::Expr, Span)>,
    tolerate: Option<(&'u ast::Expr, bool, Span)>,
    results: Option<(&'u ast::Name, &'u [ast::Arg], Span)>,
    label: Option<(&'u ast::Text, Span)>,
}

impl<'u> Flow<'_, 'u> {
    pub(super) fn map(
        &mut self,
        stage: &'u ast::Stage,
        ast: &'u ast::Map,
        base: &Rc<str>,
    ) -> Inner {
        let options = self.map_options(ast);
        let dataset = self.dataset_of(ast);
        let (items, element) = match dataset {
            Some((reader, args, name)) => self.dataset(stage, ast, reader, args, name),
            None => {
                let (list, element) = expr::check_list(&mut self.scope, &ast.items);
                (Some(Items::Values(list)), element)
            }
        };
        let is_dataset = dataset.is_some();
        let distributed = is_dataset || options.distributed.is_some();
        if !distributed {
            self.report_distributed_options(ast, &options);
        } else if self.express() {
            let span = options.distributed.unwrap_or(ast.items.span);
            self.report(
                Diagnostic::new(
                    Code::NotInExpress,
                    span,
                    "an express pipeline has no distributed map",
                )
                .help("make the pipeline `mode standard`; the map's children can be `express`"),
            );
        }
        let element = match &ast.item_type {
            Some(ty) => self.item_type(ty, element, ast.items.span),
            None => element,
        };
        let concurrency = ast.concurrency.as_ref().map(|n| {
            let value = expr::check(&mut self.scope, n, Some(&Type::Int));
            self.check_concurrency(&value, distributed);
            value
        });
        let distributed = distributed.then(|| self.distributed(&options));
        let batched = distributed.as_ref().is_some_and(|d| d.batch.is_some());
        let item_type = if batched {
            Type::list(element)
        } else {
            element
        };
        let express = distributed.as_ref().map_or(self.express(), |d| d.express);
        let body = self.map_body(
            stage,
            ast,
            &options,
            item_type.clone(),
            distributed.is_some(),
            express,
        );
        let returns = body.ty.clone();
        self.map_raises(
            word_place(stage, "map"),
            distributed.is_some(),
            options.collect.is_some(),
            body.raises,
        );
        let item_failure = failure_type(&item_type, batched);
        let value = if distributed.as_ref().is_some_and(|d| d.results.is_some()) {
            written_results()
        } else if options.collect.is_some() {
            Type::object([
                ("ok".to_owned(), Type::list(returns.clone()), false),
                ("failed".to_owned(), Type::list(item_failure), false),
            ])
        } else {
            Type::list(returns.clone())
        };
        let _ = base;
        let Some(items) = items else {
            return Inner {
                ty: value,
                ..Inner::broken()
            };
        };
        let map = Map {
            items,
            item: body.item,
            index: body.index,
            concurrency,
            collect: options.collect.is_some(),
            distributed,
            label: body.label,
            body: body.block,
            returns,
        };
        Inner::of(value, StageKind::Map(Box::new(map)))
    }

    fn map_options(&mut self, ast: &'u ast::Map) -> Options<'u> {
        let mut options = Options::default();
        for option in &ast.options {
            let span = option.span;
            let first = match &option.kind {
                MapOptionKind::Distributed => options.distributed.replace(span),
                MapOptionKind::Express => options.express.replace(span),
                MapOptionKind::Standard => options.standard.replace(span),
                MapOptionKind::Collect => options.collect.replace(span),
                MapOptionKind::Batch(value) => {
                    options.batch.replace((value, span)).map(|(_, span)| span)
                }
                MapOptionKind::Tolerate { value, percent } => options
                    .tolerate
                    .replace((value, *percent, span))
                    .map(|(.., span)| span),
                MapOptionKind::Results { target, args } => options
                    .results
                    .replace((target, args, span))
                    .map(|(.., span)| span),
                MapOptionKind::Label(text) => {
                    options.label.replace((text, span)).map(|(_, span)| span)
                }
            };
            if let Some(first) = first {
                self.report(
                    Diagnostic::new(
                        Code::RepeatedPart,
                        span,
                        "this option of the map stands here twice",
                    )
                    .also(first, "the first"),
                );
            }
        }
        if let (Some(express), Some(standard)) = (options.express, options.standard) {
            self.report(
                Diagnostic::new(
                    Code::MapOption,
                    standard,
                    "the map's children are either `express` or `standard`",
                )
                .also(express, "said here"),
            );
        }
        if let (Some((.., tolerate)), Some(collect)) = (&options.tolerate, options.collect) {
            self.report(
                Diagnostic::new(
                    Code::MapOption,
                    *tolerate,
                    "with `collect` no item fails, so there is nothing to tolerate",
                )
                .also(collect, "said here")
                .help("look at `count(….failed)` behind the map, and fail when it is too much"),
            );
        }
        options
    }

    /// Options of distributed maps on an inline one.
    fn report_distributed_options(&mut self, ast: &ast::Map, options: &Options<'_>) {
        let words = [
            ("express", options.express),
            ("standard", options.standard),
            ("batch", options.batch.map(|(_, span)| span)),
            ("tolerate", options.tolerate.map(|(.., span)| span)),
            ("results to", options.results.map(|(.., span)| span)),
            ("label", options.label.map(|(_, span)| span)),
        ];
        let mut first = true;
        for (word, span) in words {
            let Some(span) = span else {
                continue;
            };
            let diagnostic = Diagnostic::new(
                Code::MapOption,
                span,
                format!("`{word}` belongs to a distributed map, and this one is inline"),
            );
            // One word mends all of them.
            let place = ast
                .options
                .first()
                .map_or(span, |option| option.span)
                .before();
            self.report(if std::mem::take(&mut first) {
                diagnostic.fix(Fix {
                    title: "make the map `distributed`".to_owned(),
                    edits: vec![Edit {
                        span: place,
                        text: "distributed ".to_owned(),
                    }],
                    safe: false,
                })
            } else {
                diagnostic
            });
        }
    }

    fn check_concurrency(&mut self, value: &Expr, distributed: bool) {
        let most = if distributed {
            MOST_CHILDREN
        } else {
            MOST_INLINE
        };
        let Some(Literal::Number(number)) = value.as_literal() else {
            return;
        };
        let Some(number) = number.as_i64() else {
            return;
        };
        if value.ty == Type::Invalid || (1..=most).contains(&number) {
            return;
        }
        let diagnostic = Diagnostic::new(
            Code::NumberOutOfRange,
            value.span,
            if distributed {
                format!("a distributed map runs 1 to {most} children at a time, found {number}")
            } else {
                format!("an inline map runs 1 to {most} items at a time, found {number}")
            },
        );
        self.report(if distributed || number < 1 {
            diagnostic
        } else {
            diagnostic.help("`map(…) distributed` runs up to 10,000 children")
        });
    }

    fn distributed(&mut self, options: &Options<'u>) -> Distributed {
        const MOST_BYTES: i64 = 262_144;
        let batch = options.batch.map(|(written, _)| {
            let value = expr::check(&mut self.scope, written, None);
            if value.ty == Type::Size {
                self.check_range(&value, "a batch", 1, MOST_BYTES, " bytes");
                Batch::Bytes(value)
            } else {
                let value = self.fit(value, &Type::Int);
                self.check_range(&value, "a batch", 1, 100_000_000, " items");
                Batch::Items(value)
            }
        });
        let tolerate = options.tolerate.map(|(written, percent, _)| {
            if percent {
                let value = expr::check(&mut self.scope, written, Some(&Type::Number));
                self.check_range(&value, "`tolerate`", 0, 100, "%");
                Tolerate::Percentage(value)
            } else {
                let value = expr::check(&mut self.scope, written, Some(&Type::Int));
                self.check_range(&value, "`tolerate`", 0, i64::from(i32::MAX), " failures");
                Tolerate::Count(value)
            }
        });
        let results = options
            .results
            .and_then(|(target, args, _)| self.results(target, args));
        let label = options.label.and_then(|(text, _)| self.label(text));
        Distributed {
            express: options.express.is_some(),
            batch,
            tolerate,
            results,
            label,
        }
    }

    /// `s3(bucket, prefix)`
    fn results(&mut self, target: &ast::Name, args: &[ast::Arg]) -> Option<ResultTarget> {
        if target.node != "s3" {
            self.report(
                Diagnostic::new(
                    Code::MapOption,
                    target.span,
                    format!("results are written to `s3`, not to `{}`", target.node),
                )
                .replace(target.span, "s3", "write `s3`"),
            );
            return None;
        }
        let (bucket_type, prefix_type) = (Type::String, Type::String);
        let formals = [
            Formal {
                name: "bucket",
                ty: &Type::Any,
                optional: false,
            },
            Formal {
                name: "prefix",
                ty: &prefix_type,
                optional: true,
            },
        ];
        let bound = bind_arguments(
            &mut self.scope,
            "`s3`",
            target.span,
            target.span,
            &formals,
            args,
        )?;
        let mut bound = bound.into_iter();
        let bucket = bound.next().flatten()?;
        let bucket = self.bucket(bucket, &bucket_type)?;
        let prefix = bound.next().flatten();
        Some(ResultTarget { bucket, prefix })
    }

    /// A bucket's name: of a declared one, or a string.
    fn bucket(&mut self, value: Expr, string: &Type) -> Option<Expr> {
        let value = match &value.ty {
            Type::Resource(_) => {
                let name = super::wanted(string, "Bucket");
                expr::fit_member(&mut self.scope, value, name)
            }
            _ => self.fit(value, string),
        };
        (value.ty != Type::Invalid).then_some(value)
    }

    fn label(&mut self, text: &ast::Text) -> Option<String> {
        const LONGEST: usize = 40;
        let fits = |c: char| {
            !(c.is_whitespace() || c.is_control() || "?*<>{}[]:;,\\|^~$#%&`\"/".contains(c))
        };
        let length = text.node.chars().count();
        if length == 0 || length > LONGEST || !text.node.chars().all(fits) {
            self.report(
                Diagnostic::new(
                    Code::MapOption,
                    text.span,
                    format!("a label has 1 to {LONGEST} characters, without blanks and special characters"),
                )
                .help("it becomes a part of the ARNs of the map's runs: `orders`, `load-rows`"),
            );
            return None;
        }
        Some(text.node.clone())
    }

    fn map_raises(&mut self, span: Span, distributed: bool, collect: bool, raises: Raises) {
        let raises = if distributed {
            raises.into_distributed(span)
        } else if collect {
            raises.into_collected()
        } else {
            raises
        };
        self.merge_raises(raises);
        self.top_raises().map();
    }

    fn map_body(
        &mut self,
        stage: &'u ast::Stage,
        ast: &'u ast::Map,
        options: &Options<'u>,
        item_type: Type,
        distributed: bool,
        express: bool,
    ) -> BodyResult {
        let cancelled = options.collect.is_none().then(|| word_place(stage, "map"));
        let outer_state = self.scope.flow.state.mark();
        let (label, outer) = self.enter_body(BodyKind::Item { distributed }, cancelled, express);
        let item_name = ast.item.as_ref();
        let span = item_name.map_or(ast.items.span, |name| name.span);
        let name = item_name.map_or("item", |name| name.node.as_str());
        let item = self
            .scope
            .new_variable(name, VariableKind::Item, Type::Never, span);
        self.scope.bind(item, item_type);
        let index = self
            .scope
            .new_variable("index", VariableKind::Index, Type::Never, span);
        self.scope.bind(index, Type::Int);
        let frame = self
            .scope
            .push_frame(self.scope.flow.frame, FrameKind::Implicit);
        self.scope
            .name(frame, "index", Named::Variable(index), span);
        // `item` is the innermost map's, whatever else it is called.
        self.scope.name(frame, "item", Named::Variable(item), span);
        if let Some(name) = item_name {
            self.scope
                .name(frame, &name.node, Named::Variable(item), span);
        }
        self.scope.flow.frame = Some(frame);
        self.place.frame = frame;
        let (block, ty) = match &ast.body {
            ast::MapBody::Block(block) => self.block(&block.stages),
            ast::MapBody::Stage(stage) => self.block(std::slice::from_ref(stage)),
            ast::MapBody::Invalid => (Block::default(), Type::Invalid),
        };
        let (ty, raises) = self.leave_body(outer, ty);
        self.scope.flow.state.roll_back(outer_state);
        self.scope.flow.state.reachable = true;
        BodyResult {
            label,
            item,
            index,
            block,
            ty,
            raises,
        }
    }

    /// Opens a body: its names, its `return`s and its errors are its own.
    fn enter_body(
        &mut self,
        kind: BodyKind,
        cancelled: Option<Span>,
        express: bool,
    ) -> (LabelId, OuterBody) {
        let label = self.new_label();
        let parent = self.scope.flow.body;
        self.scope.flow.bodies.push(Body {
            parent,
            kind,
            cancelled,
            express,
        });
        let body = BodyId(self.scope.flow.bodies.len() - 1);
        self.scope.flow.body = Some(body);
        let mark = self.scope.flow.state.mark();
        self.returns.push(ReturnRecord {
            label,
            body,
            mark,
            ways: Vec::new(),
            ty: Type::Never,
            cleanups: self.cleanups,
        });
        let place = self.place.clone();
        self.place.returns = self.returns.len() - 1;
        self.place.looped = None;
        self.place.straight = true;
        self.raises.push(Raises::default());
        (
            label,
            OuterBody {
                place,
                frame: self.scope.flow.frame,
                body: parent,
            },
        )
    }

    /// The type of the body's values, and what it raises.
    fn leave_body(&mut self, outer: OuterBody, ty: Type) -> (Type, Raises) {
        let returned = self.returns[self.place.returns].ty.clone();
        let ty = if self.scope.flow.state.reachable {
            ty.join(&returned)
        } else {
            returned
        };
        self.place = outer.place;
        self.scope.flow.frame = outer.frame;
        self.scope.flow.body = outer.body;
        (ty, self.raises.pop().unwrap_or_default())
    }

    pub(super) fn parallel(
        &mut self,
        stage: &'u ast::Stage,
        collect: Option<Span>,
        branches: &'u [ast::Branch],
    ) -> Inner {
        let cancelled = collect.is_none().then(|| word_place(stage, "parallel"));
        let express = self.express();
        let mut made: Vec<Branch> = Vec::new();
        let mut names: HashMap<&str, Span> = HashMap::new();
        let mut raises = Raises::default();
        let mut never = false;
        for branch in branches {
            if let Some(first) = names.insert(&branch.name.node, branch.name.span) {
                self.report(
                    Diagnostic::new(
                        Code::DuplicateBranch,
                        branch.name.span,
                        format!("two branches are called `{}`", branch.name.node),
                    )
                    .also(first, "the first")
                    .help("the value of a parallel has a member for each branch"),
                );
            }
            let outer_state = self.scope.flow.state.mark();
            let (label, outer) = self.enter_body(BodyKind::Branch, cancelled, express);
            let (block, ty) = self.block(&branch.block.stages);
            let (ty, raised) = self.leave_body(outer, ty);
            self.scope.flow.state.roll_back(outer_state);
            self.scope.flow.state.reachable = true;
            never |= ty == Type::Never && collect.is_none();
            self.raises.push(std::mem::take(&mut raises));
            self.merge_raises(raised);
            raises = self.raises.pop().unwrap_or_default();
            made.push(Branch {
                name: branch.name.node.clone(),
                label,
                block,
                returns: ty,
                span: branch.name.span,
            });
        }
        if collect.is_some() {
            raises = raises.into_collected();
        }
        self.merge_raises(raises);
        self.top_raises().parallel();
        let members = |optional: bool| {
            Type::object(
                made.iter()
                    .map(|branch| (branch.name.clone(), branch.returns.clone(), optional)),
            )
        };
        let ty = if collect.is_some() {
            let failures = Type::object(
                made.iter()
                    .map(|branch| (branch.name.clone(), error_type(), true)),
            );
            Type::object([
                ("ok".to_owned(), members(true), false),
                ("failed".to_owned(), failures, false),
            ])
        } else {
            members(false)
        };
        // A branch that always fails fails the whole.
        if never {
            self.scope.flow.state.reachable = false;
        }
        Inner::of(
            if never { Type::Never } else { ty },
            StageKind::Parallel {
                collect: collect.is_some(),
                branches: made,
            },
        )
    }
}

struct BodyResult {
    label: LabelId,
    item: crate::ir::VariableId,
    index: crate::ir::VariableId,
    block: Block,
    ty: Type,
    raises: Raises,
}

struct OuterBody {
    place: super::Place,
    frame: Option<crate::resolve::scope::FrameId>,
    body: Option<BodyId>,
}

fn error_type() -> Type {
    Type::object([
        ("name".to_owned(), Type::String, false),
        ("cause".to_owned(), Type::String, false),
    ])
}

/// An element of `failed`.
fn failure_type(item: &Type, batched: bool) -> Type {
    let mut members = vec![("item".to_owned(), item.clone(), false)];
    if !batched {
        members.push(("index".to_owned(), Type::Int, false));
    }
    members.push(("error".to_owned(), error_type(), false));
    Type::object(members)
}

/// The value of a map whose results are written to S3.
fn written_results() -> Type {
    let details = Type::object([
        ("Bucket".to_owned(), Type::String, false),
        ("Key".to_owned(), Type::String, false),
    ]);
    Type::object([
        ("MapRunArn".to_owned(), Type::String, false),
        ("ResultWriterDetails".to_owned(), details, false),
    ])
}
