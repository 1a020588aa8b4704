//! The names around an expression or a stage: those of the flow, of the file, and the language's roots.
//!
//! Lexical scopes are *frames*: the pipeline's, that of each use of a step, and one for each implicit name (`item`,
//! `error`, `result`). What runs in a scope of its own is a *body*: the pipeline, an item of a map, a branch. A name is
//! kept with the body that bound it: behind the body it is gone. Whether a variable has a value at a place, and of which
//! type, is the [`State`]'s to say.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::diagnostic::{Code, Diagnostic};
use crate::ir::types::ResourceKindRef;
use crate::ir::{
    Context, Deploy, Expr, ExprKind, Local, ResourceId, Time, Type, Variable, VariableId,
    VariableKind,
};
use crate::resolve::expr::Path;
use crate::resolve::names::{Found, Names, Root};
use crate::resolve::program;
use crate::resolve::state::{State, Status};
use crate::resolve::symbols::{ItemRef, Lookup, Space};
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct FrameId(pub usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct BodyId(pub usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    /// Names bound in the flow stand here.
    Pipeline,
    /// A use of a step: what is bound in it is its own.
    Step,
    /// One name that a construct gives; what is bound goes to the frame around.
    Implicit,
}

/// What a name of a frame stands for.
#[derive(Clone, Debug)]
pub(super) enum Named {
    Variable(VariableId),
    /// A value known at build or deploy time, or a step's argument that is read where it stands.
    Inline(Expr),
}

#[derive(Debug)]
pub(super) struct Frame {
    pub parent: Option<FrameId>,
    pub kind: FrameKind,
    /// By name, with the body that bound it, in order.
    names: HashMap<String, Vec<(BodyId, Named, Span)>>,
    /// Names that some `set` in the frame's own flow changes: they are variables whatever their value is.
    pub set_names: HashSet<String>,
}

#[derive(Debug)]
pub(super) struct Body {
    pub parent: Option<BodyId>,
    pub kind: BodyKind,
    /// Where its `finally`s would be cut short when a sibling fails: a map or a parallel without `collect`.
    pub cancelled: Option<Span>,
    /// Its calls are made by an express execution.
    pub express: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    Pipeline,
    Item { distributed: bool },
    Branch,
}

/// What one pipeline's flow has: its variables, scopes and state.
#[derive(Debug, Default)]
pub(super) struct FlowNames {
    pub frames: Vec<Frame>,
    pub frame: Option<FrameId>,
    pub bodies: Vec<Body>,
    pub body: Option<BodyId>,
    pub variables: Vec<Variable>,
    /// Those that something reads.
    pub read: HashSet<VariableId>,
    pub state: State,
    /// Names of the pipeline's own steps, where they are visible.
    pub steps: HashSet<String>,
    /// Steps whose value was bound to another name than theirs, and that name.
    pub renamed: HashMap<String, String>,
    /// `task.token` has a value here.
    pub awaited: bool,
    /// In the pipeline's own `let`s, which are evaluated before any stage runs.
    pub before_flow: bool,
    /// Outside of all flows: what only a run has is not there.
    pub outside: bool,
    /// In a step that nothing uses: any name may have a value where it would be used.
    pub open: bool,
}

pub(super) struct Scope<'c, 'u> {
    pub context: &'c mut program::Context<'u>,
    /// The file whose items are visible.
    pub unit: usize,
    pub flow: FlowNames,
    pub diagnostics: Vec<Diagnostic>,
    shown: Vec<(String, Expr)>,
    fns: Vec<Expansion>,
    locals: u32,
}

/// A name in a frame.
enum InFrame<'a> {
    Bound(BodyId, &'a Named),
    /// Bound there, by a body that is over.
    Over(BodyId, Span),
    Unknown,
}

/// A `fn` that is being written out.
struct Expansion {
    item: ItemRef,
    /// What was shown before is not visible in it.
    floor: usize,
    unit: usize,
}

impl<'c, 'u> Scope<'c, 'u> {
    pub fn new(context: &'c mut program::Context<'u>, unit: usize) -> Self {
        Self {
            context,
            unit,
            flow: FlowNames::default(),
            diagnostics: Vec::new(),
            shown: Vec::new(),
            fns: Vec::new(),
            locals: 0,
        }
    }

    /// Hands what was reported to the whole program.
    pub fn finish(self) {
        self.context.diagnostics.extend(self.diagnostics);
    }

    pub fn push_frame(&mut self, parent: Option<FrameId>, kind: FrameKind) -> FrameId {
        self.flow.frames.push(Frame {
            parent,
            kind,
            names: HashMap::new(),
            set_names: HashSet::new(),
        });
        FrameId(self.flow.frames.len() - 1)
    }

    pub fn frame(&self, id: FrameId) -> &Frame {
        &self.flow.frames[id.0]
    }

    /// The frame that takes what is bound here.
    pub fn binding_frame(&self) -> Option<FrameId> {
        let mut next = self.flow.frame;
        while let Some(id) = next {
            let frame = self.frame(id);
            if frame.kind != FrameKind::Implicit {
                return Some(id);
            }
            next = frame.parent;
        }
        None
    }

    pub fn body(&self, id: BodyId) -> &Body {
        &self.flow.bodies[id.0]
    }

    /// Whether a body is this one or around it.
    fn is_active(&self, body: BodyId) -> bool {
        let mut next = self.flow.body;
        while let Some(id) = next {
            if id == body {
                return true;
            }
            next = self.body(id).parent;
        }
        false
    }

    pub fn new_variable(
        &mut self,
        name: &str,
        kind: VariableKind,
        ty: Type,
        span: Span,
    ) -> VariableId {
        self.flow.variables.push(Variable {
            name: name.to_owned(),
            kind,
            ty,
            value: None,
            span,
        });
        VariableId(self.flow.variables.len() as u32 - 1)
    }

    /// The variable of a name in the frame and the current body; a new one when there is none yet.
    pub fn declare(&mut self, frame: FrameId, name: &ast::Name, kind: VariableKind) -> VariableId {
        let body = self.flow.body.unwrap_or(BodyId(0));
        let known = self.flow.frames[frame.0].names.get(&name.node);
        let same = known.and_then(|all| {
            all.iter().rev().find_map(|(of, named, _)| match named {
                Named::Variable(id) if *of == body => Some(*id),
                _ => None,
            })
        });
        if let Some(id) = same {
            return id;
        }
        let id = self.new_variable(&name.node, kind, Type::Never, name.span);
        self.name(frame, &name.node, Named::Variable(id), name.span);
        id
    }

    /// The variables of a frame that the current body has bound, by their names; of optional types where not every way
    /// to this place has.
    pub fn bound_names(&self, frame: FrameId) -> BTreeMap<String, (VariableId, Type)> {
        let mut bound = BTreeMap::new();
        for name in self.frame(frame).names.keys() {
            if let InFrame::Bound(_, Named::Variable(id)) = self.find_in(frame, name) {
                let ty = self.flow.variables[id.0 as usize].ty.clone();
                let is_certain = self.flow.state.get(*id).status == Status::Bound;
                let ty = if is_certain { ty } else { Type::optional(ty) };
                bound.insert(name.clone(), (*id, ty));
            }
        }
        bound
    }

    /// Makes a name visible in a frame, bound by the current body.
    pub fn name(&mut self, frame: FrameId, name: &str, named: Named, span: Span) {
        let body = self.flow.body.unwrap_or(BodyId(0));
        self.flow.frames[frame.0]
            .names
            .entry(name.to_owned())
            .or_default()
            .push((body, named, span));
    }

    /// Gives a variable a value of a type.
    pub fn bind(&mut self, id: VariableId, ty: Type) {
        let variable = &mut self.flow.variables[id.0 as usize];
        variable.ty = variable.ty.join(&ty);
        self.flow.state.bind(id, ty);
    }

    /// What a frame's name stands for: what the innermost body bound that is open here, else that others did.
    fn find_in(&self, frame: FrameId, name: &str) -> InFrame<'_> {
        let Some(all) = self.frame(frame).names.get(name) else {
            return InFrame::Unknown;
        };
        let active = all
            .iter()
            .rev()
            .filter(|(body, ..)| self.is_active(*body))
            .max_by_key(|(body, ..)| *body);
        match (active, all.last()) {
            (Some((body, named, _)), _) => InFrame::Bound(*body, named),
            (None, Some((body, _, span))) => InFrame::Over(*body, *span),
            (None, None) => InFrame::Unknown,
        }
    }

    /// The variable that a `set` would change, and where it lives.
    pub fn find_variable(&self, name: &str) -> Option<(FrameId, BodyId, Named)> {
        let mut next = self.flow.frame;
        while let Some(id) = next {
            if let InFrame::Bound(body, named) = self.find_in(id, name) {
                return Some((id, body, named.clone()));
            }
            next = self.frame(id).parent;
        }
        None
    }

    fn find_in_flow(&mut self, name: &str, span: Span) -> Option<Found> {
        let mut next = self.flow.frame;
        let mut gone = None;
        let mut unbound = None;
        while let Some(id) = next {
            next = self.frame(id).parent;
            let found = match self.find_in(id, name) {
                InFrame::Bound(_, named) => Some(named.clone()),
                InFrame::Over(body, span) => {
                    gone = gone.or(Some((body, span)));
                    None
                }
                InFrame::Unknown => None,
            };
            match found {
                None => {}
                Some(Named::Inline(value)) => return Some(Found::Value(value)),
                Some(Named::Variable(variable)) => {
                    let state = self.flow.state.get(variable);
                    match state.status {
                        Status::Bound => {
                            self.flow.read.insert(variable);
                            return Some(Found::Value(Expr {
                                kind: ExprKind::Variable(variable),
                                ty: state.ty,
                                time: Time::Run,
                                span,
                            }));
                        }
                        Status::Maybe => {
                            let bound = self.flow.variables[variable.0 as usize].span;
                            self.report(may_be_unbound(name, span, bound));
                            return Some(Found::Reported);
                        }
                        Status::Unbound => unbound = unbound.or(Some(variable)),
                    }
                }
            }
        }
        if !matches!(self.find_item(name, span), Found::Missing(_)) {
            return None;
        }
        if let Some((body, bound)) = gone {
            let branch = self.body(body).kind == BodyKind::Branch;
            self.report(
                Diagnostic::new(
                    Code::OutOfScope,
                    span,
                    if branch {
                        format!("`{name}` is bound in a branch, and is gone behind the parallel")
                    } else {
                        format!("`{name}` is bound in a map's body, and is gone behind the map")
                    },
                )
                .also(bound, "bound here")
                .help(if branch {
                    "the parallel's value has a member for each branch: `x = parallel { a { … } … }`, then `x.a`"
                } else {
                    "the map's value is the list of what its body gives for each item: `xs = map(…) { … }`"
                }),
            );
            return Some(Found::Reported);
        }
        let bound = unbound?;
        let bound = self.flow.variables[bound.0 as usize].span;
        self.report(
            Diagnostic::new(
                Code::NotBoundYet,
                span,
                format!(
                    "`{name}` has no value here: what binds it has not run on the way to this place"
                ),
            )
            .also(bound, "bound here")
            .help("bind it before, on every way that leads here"),
        );
        Some(Found::Reported)
    }

    /// A step's name where a value is wanted, and the step has not run.
    fn report_not_run(&mut self, name: &str, span: Span) {
        if let Some(other) = self.flow.renamed.get(name).cloned() {
            self.report(
                Diagnostic::new(
                    Code::NotBoundYet,
                    span,
                    format!(
                        "the result of `{name}` is bound to `{other}`, not to the step's own name"
                    ),
                )
                .replace(span, other.as_str(), format!("read `{other}`"))
                .offered(),
            );
            return;
        }
        let diagnostic = Diagnostic::new(
            Code::NotBoundYet,
            span,
            format!("the step `{name}` has not run here, so it has no result"),
        );
        let in_poll = match self.find_variable("result") {
            Some((_, _, Named::Variable(id))) => {
                self.flow.variables[id.0 as usize].kind == VariableKind::PollResult
            }
            _ => false,
        };
        self.report(if in_poll {
            diagnostic
                .help("in a poll's conditions `result` is what the call has just given")
                .replace(span, "result", "write `result`")
                .offered()
        } else if self.flow.before_flow {
            diagnostic.help("a `let` of the pipeline is evaluated when the execution starts; one that reads a result stands in the flow, behind the step")
        } else {
            diagnostic.help(format!("let `{name}` run earlier in the flow"))
        });
    }

    /// An item of the file, or a root.
    fn find_item(&mut self, name: &str, span: Span) -> Found {
        match self.context.symbols.find(self.unit, Space::Value, name) {
            Lookup::Missing => {}
            Lookup::Ambiguous(first, second) => {
                let diagnostic = self.context.ambiguous(name, span, first, second);
                self.report(diagnostic);
                return Found::Reported;
            }
            Lookup::Item(item) => return self.item_value(item, span),
        }
        match root(name).filter(|root| self.has_root(*root)) {
            Some(root) => Found::Root(root),
            None => Found::Missing(self.visible_names()),
        }
    }

    /// Whether a root has members here.
    fn has_root(&self, root: Root) -> bool {
        match root {
            Root::Task => self.flow.awaited,
            Root::Child => self.in_distributed(),
            Root::Aws | Root::Stack => true,
            _ => !self.flow.outside,
        }
    }

    fn item_value(&mut self, item: ItemRef, span: Span) -> Found {
        match &self.context.symbols.item(item).kind {
            ItemKind::Param(_) => match self.context.param(item) {
                Some((id, ty)) => Found::Value(Expr {
                    kind: ExprKind::Deploy(Deploy::Param(id)),
                    ty,
                    time: Time::Deploy,
                    span,
                }),
                None => Found::Reported,
            },
            ItemKind::Let(_) => match self.context.let_value(item, span, &mut self.diagnostics) {
                Some(value) if value.ty != Type::Invalid => Found::Value(value),
                _ => Found::Reported,
            },
            ItemKind::Resource(_) => match self.context.resource(item) {
                Some((id, kind)) => Found::Value(Expr {
                    kind: ExprKind::Deploy(Deploy::Resource(
                        id,
                        crate::catalog::resource::RefForm::Name,
                    )),
                    ty: Type::Resource(ResourceKindRef(kind)),
                    time: Time::Deploy,
                    span,
                }),
                None => Found::Reported,
            },
            ItemKind::Fn(_) => Found::NoValue("function"),
            ItemKind::Step(_) => Found::NoValue("step"),
            ItemKind::Pipeline(_) => Found::NoValue("pipeline"),
            _ => Found::Missing(Vec::new()),
        }
    }

    fn in_distributed(&self) -> bool {
        let mut next = self.flow.body;
        while let Some(id) = next {
            let body = self.body(id);
            if body.kind == (BodyKind::Item { distributed: true }) {
                return true;
            }
            next = body.parent;
        }
        false
    }

    /// All names that have a value here.
    fn visible_names(&self) -> Vec<String> {
        let floor = self.fns.last().map_or(0, |expansion| expansion.floor);
        let mut names: Vec<String> = self.shown[floor..]
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let mut next = self.flow.frame.filter(|_| self.fns.is_empty());
        while let Some(id) = next {
            let frame = self.frame(id);
            names.extend(frame.names.keys().filter(|name| {
                matches!(self.find_in(id, name), InFrame::Bound(_, named) if match named {
                    Named::Inline(_) => true,
                    Named::Variable(variable) => self.flow.state.get(*variable).status == Status::Bound,
                })
            }).cloned());
            next = frame.parent;
        }
        names.extend(self.context.symbols.names(self.unit, Space::Value));
        names.extend(
            ROOTS
                .iter()
                .filter(|(_, root)| self.has_root(*root))
                .map(|(name, _)| (*name).to_owned()),
        );
        names.sort();
        names.dedup();
        names
    }
}

fn may_be_unbound(name: &str, span: Span, bound: Span) -> Diagnostic {
    Diagnostic::new(
        Code::MayBeUnbound,
        span,
        format!("`{name}` may have no value here: not every way to this place binds it"),
    )
    .also(bound, "bound here")
    .help("bind it on every way, before the branches, or give the value out: `x = if … { … } else { … }`")
}

const ROOTS: &[(&str, Root)] = &[
    ("aws", Root::Aws),
    ("child", Root::Child),
    ("execution", Root::Execution),
    ("machine", Root::Machine),
    ("stack", Root::Stack),
    ("state", Root::State),
    ("task", Root::Task),
];

fn root(name: &str) -> Option<Root> {
    ROOTS
        .iter()
        .find(|(word, _)| *word == name)
        .map(|(_, root)| *root)
}

impl Names for Scope<'_, '_> {
    fn find(&mut self, name: &str, span: Span) -> Found {
        let floor = self.fns.last().map_or(0, |expansion| expansion.floor);
        if let Some((_, value)) = self.shown[floor..].iter().rev().find(|(n, _)| n == name) {
            return Found::Value(value.clone());
        }
        if self.fns.is_empty()
            && let Some(found) = self.find_in_flow(name, span)
        {
            return found;
        }
        match self.find_item(name, span) {
            Found::Missing(_) if self.flow.open && self.fns.is_empty() => Found::Value(Expr {
                kind: ExprKind::Context(Context::ExecutionInput),
                ty: Type::Any,
                time: Time::Run,
                span,
            }),
            Found::Missing(_) if self.fns.is_empty() && self.flow.steps.contains(name) => {
                self.report_not_run(name, span);
                Found::Reported
            }
            Found::NoValue("step") if self.fns.is_empty() && self.flow.body.is_some() => {
                self.report_not_run(name, span);
                Found::Reported
            }
            found => found,
        }
    }

    fn find_fn(&self, name: &str) -> Option<ast::Fn> {
        match self.context.symbols.find(self.unit, Space::Value, name) {
            Lookup::Item(item) => match &self.context.symbols.item(item).kind {
                ItemKind::Fn(function) => Some(function.clone()),
                _ => None,
            },
            _ => None,
        }
    }

    fn is_step(&self, name: &str) -> bool {
        let found = self.context.symbols.find(self.unit, Space::Value, name);
        match found {
            Lookup::Item(item) => {
                matches!(self.context.symbols.item(item).kind, ItemKind::Step(_))
            }
            _ => self.flow.steps.contains(name),
        }
    }

    fn fn_names(&self) -> Vec<String> {
        self.context
            .symbols
            .names(self.unit, Space::Value)
            .into_iter()
            .filter(|name| self.find_fn(name).is_some())
            .collect()
    }

    fn find_type(&self, name: &str) -> Option<ast::TypeAlias> {
        match self.context.symbols.find(self.unit, Space::Type, name) {
            Lookup::Item(item) | Lookup::Ambiguous(item, _) => {
                match &self.context.symbols.item(item).kind {
                    ItemKind::Type(alias) => Some(alias.clone()),
                    _ => None,
                }
            }
            Lookup::Missing => None,
        }
    }

    fn type_names(&self) -> Vec<String> {
        self.context.symbols.names(self.unit, Space::Type)
    }

    fn fresh(&mut self, name: &str) -> Local {
        self.locals += 1;
        Local {
            id: self.locals - 1,
            name: Arc::from(name),
        }
    }

    fn show(&mut self, name: &str, value: Expr) {
        self.shown.push((name.to_owned(), value));
    }

    fn hide(&mut self) {
        self.shown.pop();
    }

    fn enter_fn(&mut self, name: &str) -> bool {
        let Lookup::Item(item) = self.context.symbols.find(self.unit, Space::Value, name) else {
            return false;
        };
        if self.fns.iter().any(|expansion| expansion.item == item) {
            return false;
        }
        self.fns.push(Expansion {
            item,
            floor: self.shown.len(),
            unit: self.unit,
        });
        self.unit = item.unit;
        true
    }

    fn leave_fn(&mut self) {
        if let Some(expansion) = self.fns.pop() {
            self.unit = expansion.unit;
        }
    }

    fn is_known(&self, path: &Path) -> bool {
        self.flow.state.is_known(path)
    }

    fn is_made(&self, resource: ResourceId) -> bool {
        self.context.is_made(resource)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}
