//! The items of all files, each checked once when something asks for it, and the program that they make.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use crate::catalog::resource::ResourceKind;
use crate::diagnostic::{Code, Diagnostic, Severity, find_nearest};
use crate::ir::{
    Deploy, Expr, ExprKind, Literal, Origin, Param, ParamId, Pipeline, PipelineId, Program,
    Resource, ResourceId, Test, Time, Type, VariableId,
};
use crate::resolve::call::CalleeParam;
use crate::resolve::expr::{self, require_time};
use crate::resolve::flow;
use crate::resolve::names::Names;
use crate::resolve::resource::{self, kind_of};
use crate::resolve::scope::Scope;
use crate::resolve::symbols::{ItemRef, Lookup, Space, Symbols};
use crate::resolve::types::{resolve_type, there_are};
use crate::resolve::{Allowed, Unit, order};
use crate::source::Span;
use crate::syntax::ast::{self, ItemKind, MemberKind, Setting};

/// What a call of a pipeline must know of it.
#[derive(Debug)]
pub(super) struct Signature {
    pub params: Vec<CalleeParam>,
    pub express: bool,
}

impl std::fmt::Debug for CalleeParam {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {:?}", self.name, self.ty)
    }
}

enum Progress<T> {
    Open,
    Done(T),
}

/// Everything that is known of the files so far. Ids are given to all items, reached or not, in the order of files and
/// places; a program keeps the reached ones.
pub(super) struct Context<'u> {
    pub symbols: Symbols<'u>,
    pub diagnostics: Vec<Diagnostic>,
    /// Where warnings are silenced.
    pub allowed: Vec<Allowed>,
    lets: HashMap<ItemRef, Progress<Expr>>,
    params: Vec<(Param, BTreeSet<ItemRef>)>,
    param_items: HashMap<ItemRef, Option<ParamId>>,
    /// Items of resources, by their ids.
    resource_items: Vec<ItemRef>,
    resources: BTreeMap<ResourceId, Resource>,
    reached_resources: BTreeSet<ResourceId>,
    reached_params: BTreeSet<ParamId>,
    pipeline_items: Vec<ItemRef>,
    signatures: HashMap<ItemRef, Rc<Signature>>,
    pipelines: BTreeMap<PipelineId, Pipeline>,
    checking: BTreeSet<PipelineId>,
    /// What each pipeline's flow has bound when it ends.
    bound_at_end: BTreeMap<PipelineId, BTreeMap<String, (VariableId, Type)>>,
    tests: Vec<Test>,
    wanted: Vec<PipelineId>,
    /// File-level steps that some flow has used, and that are so checked.
    pub used_steps: BTreeSet<ItemRef>,
}

impl<'u> Context<'u> {
    pub fn new(units: &'u [Unit]) -> Self {
        let mut diagnostics = Vec::new();
        let symbols = Symbols::new(units, &mut diagnostics);
        let mut resource_items = Vec::new();
        let mut pipeline_items = Vec::new();
        for unit in 0..units.len() {
            for (item, ast) in symbols.items_of(unit) {
                match ast.kind {
                    ItemKind::Resource(_) => resource_items.push(item),
                    ItemKind::Pipeline(_) => pipeline_items.push(item),
                    _ => {}
                }
            }
        }
        Self {
            symbols,
            diagnostics,
            allowed: Vec::new(),
            lets: HashMap::new(),
            params: Vec::new(),
            param_items: HashMap::new(),
            resource_items,
            resources: BTreeMap::new(),
            reached_resources: BTreeSet::new(),
            reached_params: BTreeSet::new(),
            pipeline_items,
            signatures: HashMap::new(),
            pipelines: BTreeMap::new(),
            checking: BTreeSet::new(),
            bound_at_end: BTreeMap::new(),
            tests: Vec::new(),
            wanted: Vec::new(),
            used_steps: BTreeSet::new(),
        }
    }

    /// Checks the given file and all that it reaches.
    pub fn check(&mut self) {
        for (item, ast) in self.symbols.items_of(0) {
            match &ast.kind {
                ItemKind::Param(_) => {
                    self.param_id(item);
                }
                ItemKind::Let(value) => {
                    let mut diagnostics = Vec::new();
                    self.let_value(item, value.name.span, &mut diagnostics);
                    self.diagnostics.extend(diagnostics);
                }
                ItemKind::Fn(function) => {
                    let mut scope = Scope::new(self, item.unit);
                    expr::check_fn(&mut scope, function);
                    scope.finish();
                }
                ItemKind::Type(alias) => {
                    let mut scope = Scope::new(self, item.unit);
                    resolve_type(&mut scope, &alias.ty);
                    scope.finish();
                }
                ItemKind::Retry(policy) => flow::check_policy(self, item.unit, policy),
                ItemKind::Resource(_) => {
                    self.resource_id(item);
                }
                ItemKind::Pipeline(_) => {
                    let id = self.pipeline_id(item);
                    self.wanted.push(id);
                }
                ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Step(_) | ItemKind::Invalid => {}
            }
        }
        self.wanted.reverse();
        while let Some(id) = self.wanted.pop() {
            for id in order::callees_first(self, id) {
                self.check_pipeline(id);
            }
        }
        for (item, ast) in self.symbols.items_of(0) {
            if let ItemKind::Step(_) = &ast.kind
                && !self.used_steps.contains(&item)
            {
                flow::check_step_alone(self, item);
            }
        }
        self.check_resources();
        self.check_tests();
    }

    /// The file's own tests. Where something is wrong with the program, little can be said of them.
    fn check_tests(&mut self) {
        let mut titles: HashMap<(PipelineId, &str), Span> = HashMap::new();
        let is_fine = self
            .diagnostics
            .iter()
            .all(|d| d.severity != Severity::Error);
        for (_, ast) in self.symbols.items_of(0) {
            let ItemKind::Test(test) = &ast.kind else {
                continue;
            };
            let Some(pipeline) = self.tested(test) else {
                continue;
            };
            let title = &test.title;
            if let Some(first) = titles.insert((pipeline, &title.node), title.span) {
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::DuplicateName,
                        title.span,
                        format!(
                            "`{}` has two tests of the name \"{}\"",
                            test.pipeline.node, title.node
                        ),
                    )
                    .also(first, "the first")
                    .help("say what tells them apart"),
                );
            }
            if is_fine {
                let checked = flow::check_test(self, test, pipeline);
                self.tests.push(checked);
            }
        }
    }

    /// The pipeline that a test is of; None where it was reported.
    fn tested(&mut self, test: &ast::Test) -> Option<PipelineId> {
        let name = &test.pipeline;
        if let Lookup::Item(item) = self.symbols.find(0, Space::Value, &name.node)
            && matches!(self.symbols.item(item).kind, ItemKind::Pipeline(_))
        {
            if item.unit != 0 {
                // It may not even be part of what this file becomes.
                self.diagnostics.push(
                    Diagnostic::new(
                        Code::UnknownName,
                        name.span,
                        format!("`{}` is a pipeline of another file", name.node),
                    )
                    .also(self.symbols.name_span(item), "declared here")
                    .help("its tests stand beside it"),
                );
                return None;
            }
            let id = self.pipeline_id(item);
            self.check_pipeline(id);
            return Some(id);
        }
        let diagnostic = Diagnostic::new(
            Code::UnknownName,
            name.span,
            format!("there is no pipeline `{}`", name.node),
        );
        let names: Vec<String> = self
            .pipeline_items
            .iter()
            .filter_map(|item| match &self.symbols.item(*item).kind {
                ItemKind::Pipeline(pipeline) => Some(pipeline.name.node.clone()),
                _ => None,
            })
            .collect();
        let near = find_nearest(&name.node, names.iter().map(String::as_str));
        self.diagnostics.push(match near {
            Some(near) => diagnostic.nearest(name.span, &name.node, near),
            None if names.is_empty() => diagnostic,
            None => {
                let words: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                diagnostic.help(there_are(&words))
            }
        });
        None
    }

    /// Silences a lint at a place.
    pub fn allow(&mut self, allow: &ast::Allow, place: Span) {
        let name = &allow.lint;
        match Code::find(&name.node) {
            Some(code) if code.severity() == Severity::Warning => {
                self.allowed.push(Allowed { code, span: place })
            }
            found => {
                let names = Code::ALL
                    .iter()
                    .filter(|code| code.severity() == Severity::Warning)
                    .map(|code| code.name());
                let diagnostic = Diagnostic::new(
                    Code::UnknownLint,
                    name.span,
                    match found {
                        Some(code) => {
                            format!("`{}` is an error, and cannot be allowed", code.name())
                        }
                        None => format!("there is no lint `{}`", name.node),
                    },
                );
                self.diagnostics
                    .push(match find_nearest(&name.node, names) {
                        Some(near) if found.is_none() => {
                            diagnostic.nearest(name.span, &name.node, near)
                        }
                        _ if found.is_none() => diagnostic.help("`flowc explain` lists all"),
                        _ => diagnostic.help("only warnings can be allowed"),
                    });
            }
        }
    }

    pub fn ambiguous(&self, name: &str, span: Span, first: ItemRef, second: ItemRef) -> Diagnostic {
        Diagnostic::new(
            Code::AmbiguousName,
            span,
            format!("`{name}` is declared by two of the used files"),
        )
        .also(self.symbols.name_span(first), "by this one")
        .also(self.symbols.name_span(second), "and by this one")
        .help("rename one of them; a name of this file would hide both")
    }

    // Parameters

    /// A parameter and its type; None where it was reported. It is then part of the template.
    pub fn param(&mut self, item: ItemRef) -> Option<(ParamId, Type)> {
        let id = self.param_id(item)?;
        self.reached_params.insert(id);
        let ty = self.params[id.0 as usize].0.ty.clone();
        (ty != Type::Invalid).then_some((id, ty))
    }

    fn param_id(&mut self, item: ItemRef) -> Option<ParamId> {
        if let Some(id) = self.param_items.get(&item) {
            return *id;
        }
        let symbols_item = self.symbols.item(item);
        let ItemKind::Param(ast) = &symbols_item.kind else {
            return None;
        };
        let mut scope = Scope::new(self, item.unit);
        let ty = resolve_type(&mut scope, &ast.ty);
        let ty = if is_param_type(&ty) {
            ty
        } else {
            scope.report(
                Diagnostic::new(
                    Code::ParamType,
                    ast.ty.span,
                    "a template parameter cannot have this type",
                )
                .help("it may be `string`, `int`, `number`, `bool`, `timestamp`, string literals (`\"dev\" | \"prod\"`) or `[string]`"),
            );
            Type::Invalid
        };
        let default = ast.default.as_ref().and_then(|default| {
            let value = expr::check(&mut scope, default, Some(&ty));
            require_time(&mut scope, &value, Time::Build, "a parameter's default");
            value
                .as_literal()
                .filter(|_| value.ty != Type::Invalid)
                .cloned()
        });
        scope.finish();
        let param = Param {
            name: ast.name.node.clone(),
            ty,
            default,
            doc: symbols_item.doc.as_ref().map(|doc| doc.node.clone()),
            span: ast.name.span,
        };
        let id = match self.params.iter().position(|(p, _)| p.name == param.name) {
            Some(at) => {
                let (first, items) = &mut self.params[at];
                if first.ty == Type::Invalid {
                    first.ty = param.ty.clone();
                } else if first.ty != param.ty && param.ty != Type::Invalid {
                    // The given file's own is looked at first.
                    self.diagnostics.push(
                        Diagnostic::new(
                            Code::ParamConflict,
                            first.span,
                            format!("`{}` has another type in another file, and a parameter is one for the whole template", param.name),
                        )
                        .also(param.span, "declared here too")
                        .help("give both the same type, or one of them another name"),
                    );
                }
                items.insert(item);
                ParamId(at as u32)
            }
            None => {
                self.params.push((param, BTreeSet::from([item])));
                ParamId(self.params.len() as u32 - 1)
            }
        };
        self.param_items.insert(item, Some(id));
        Some(id)
    }

    // Lets

    /// The value of a file's `let`; a `let` that reaches itself is reported at `span`.
    pub fn let_value(
        &mut self,
        item: ItemRef,
        span: Span,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Expr> {
        match self.lets.get(&item) {
            Some(Progress::Done(value)) => return Some(value.clone()),
            Some(Progress::Open) => {
                diagnostics.push(
                    Diagnostic::new(Code::RecursiveLet, span, "this value is made of itself")
                        .also(self.symbols.name_span(item), "declared here")
                        .help("write out one of the values on the way around"),
                );
                return None;
            }
            None => {}
        }
        let ItemKind::Let(ast) = &self.symbols.item(item).kind else {
            return None;
        };
        self.lets.insert(item, Progress::Open);
        let mut scope = Scope::new(self, item.unit);
        let mut value = expr::check(&mut scope, &ast.value, None);
        if value.time == Time::Run {
            require_time(&mut scope, &value, Time::Deploy, "a file's `let`");
            value.ty = Type::Invalid;
        }
        scope.finish();
        self.lets.insert(item, Progress::Done(value.clone()));
        Some(value)
    }

    // Resources

    /// A resource and its kind; None where its kind is none. It is then part of the program.
    pub fn resource(&mut self, item: ItemRef) -> Option<(ResourceId, &'static ResourceKind)> {
        let id = self.resource_id(item)?;
        let ItemKind::Resource(ast) = &self.symbols.item(item).kind else {
            return None;
        };
        self.reached_resources.insert(id);
        Some((id, kind_of(ast)?))
    }

    fn resource_id(&self, item: ItemRef) -> Option<ResourceId> {
        let at = self.resource_items.binary_search(&item).ok()?;
        Some(ResourceId(at as u32))
    }

    /// What a resource is in the program: its name and properties checked.
    pub fn resource_value(&mut self, id: ResourceId) -> Option<Resource> {
        if let Some(known) = self.resources.get(&id) {
            return Some(known.clone());
        }
        let item = self.resource_items[id.0 as usize];
        let item_ast = self.symbols.item(item);
        let ItemKind::Resource(ast) = &item_ast.kind else {
            return None;
        };
        let mut scope = Scope::new(self, item.unit);
        let resource = resource::check(&mut scope, id, ast, item_ast.doc.as_ref());
        scope.finish();
        self.resources.insert(id, resource.clone()?);
        resource
    }

    /// The kind of a declared resource.
    pub fn kind_of(&self, id: ResourceId) -> Option<&'static ResourceKind> {
        kind_of(self.resource_ast(id)?)
    }

    /// Whether the template makes it.
    pub fn is_made(&self, id: ResourceId) -> bool {
        self.resource_ast(id)
            .is_some_and(|ast| ast.properties.is_some())
    }

    pub fn resource_ast(&self, id: ResourceId) -> Option<&'u ast::Resource> {
        let item = self.resource_items.get(id.0 as usize)?;
        match &self.symbols.item(*item).kind {
            ItemKind::Resource(ast) => Some(ast),
            _ => None,
        }
    }

    fn check_resources(&mut self) {
        // Those that the template makes are in it whether anything names them or not.
        for (item, ast) in self.symbols.items_of(0) {
            if let ItemKind::Resource(resource) = &ast.kind
                && let Some(id) = self.resource_id(item)
            {
                if resource.properties.is_some() {
                    self.reached_resources.insert(id);
                }
                self.resource_value(id);
            }
        }
        // A name or a property may reach further ones.
        loop {
            let open: Vec<ResourceId> = self
                .reached_resources
                .iter()
                .filter(|id| !self.resources.contains_key(id))
                .copied()
                .collect();
            let before = self.diagnostics.len();
            for id in &open {
                self.resource_value(*id);
            }
            // What could not be made is reported, and stays open.
            if open.is_empty() || self.diagnostics.len() > before {
                return;
            }
        }
    }

    // Pipelines

    pub fn pipeline_id(&self, item: ItemRef) -> PipelineId {
        let at = self.pipeline_items.binary_search(&item).unwrap_or(0);
        PipelineId(at as u32)
    }

    pub fn pipeline_item(&self, id: PipelineId) -> ItemRef {
        self.pipeline_items[id.0 as usize]
    }

    /// A pipeline that is checked.
    pub fn pipeline(&self, id: PipelineId) -> Option<&Pipeline> {
        self.pipelines.get(&id)
    }

    pub fn bound_at_end(&self, id: PipelineId) -> Option<&BTreeMap<String, (VariableId, Type)>> {
        self.bound_at_end.get(&id)
    }

    pub fn set_bound_at_end(
        &mut self,
        id: PipelineId,
        bound: BTreeMap<String, (VariableId, Type)>,
    ) {
        self.bound_at_end.insert(id, bound);
    }

    pub fn is_checked(&self, id: PipelineId) -> bool {
        self.pipelines.contains_key(&id)
    }

    pub fn signature(&mut self, item: ItemRef) -> Rc<Signature> {
        if let Some(known) = self.signatures.get(&item) {
            return known.clone();
        }
        let mut params = Vec::new();
        let mut express = false;
        if let ItemKind::Pipeline(ast) = &self.symbols.item(item).kind {
            let mut scope = Scope::new(self, item.unit);
            for param in &ast.params {
                let ty = resolve_type(&mut scope, &param.ty);
                params.push(CalleeParam {
                    name: param.name.node.clone(),
                    optional: param.default.is_some() || ty.is_nullable() && ty != Type::Any,
                    ty,
                });
            }
            scope.finish();
            express = ast.members.iter().any(|member| {
                matches!(&member.kind, MemberKind::Setting(Setting::Mode(mode)) if mode.node == "express")
            });
        }
        let signature = Rc::new(Signature { params, express });
        self.signatures.insert(item, signature.clone());
        signature
    }

    /// What a pipeline returns; `any` for one that is being checked, which calls itself by some way.
    pub fn returns(&mut self, id: PipelineId) -> Type {
        self.check_pipeline(id);
        self.pipelines
            .get(&id)
            .map_or(Type::Any, |pipeline| pipeline.returns.clone())
    }

    fn check_pipeline(&mut self, id: PipelineId) {
        if self.pipelines.contains_key(&id) || !self.checking.insert(id) {
            return;
        }
        let item = self.pipeline_item(id);
        let pipeline = flow::check_pipeline(self, item);
        self.checking.remove(&id);
        self.pipelines.insert(id, pipeline);
    }

    /// The program, with what it reaches and no more.
    pub fn into_program(mut self) -> Program {
        let unit = &self.symbols.units()[0];
        let mut used: BTreeSet<PipelineId> = BTreeSet::new();
        let mut open: Vec<PipelineId> = self
            .pipelines
            .keys()
            .filter(|id| self.pipeline_item(**id).unit == 0)
            .copied()
            .collect();
        let mut reached_resources = BTreeSet::new();
        let mut reached_params = BTreeSet::new();
        while let Some(id) = open.pop() {
            if !used.insert(id) {
                continue;
            }
            if let Some(pipeline) = self.pipelines.get_mut(&id) {
                pipeline.for_each_expr_mut(&mut |expr| {
                    if let ExprKind::Deploy(deploy) = &expr.kind {
                        match deploy {
                            Deploy::Machine(id) => open.push(*id),
                            Deploy::Resource(id, _)
                            | Deploy::Attribute(id, _)
                            | Deploy::Part(id, _) => {
                                reached_resources.insert(*id);
                            }
                            Deploy::Param(id) => {
                                reached_params.insert(*id);
                            }
                            _ => {}
                        }
                    }
                });
                pipeline.for_each_resource_mut(&mut |id| {
                    reached_resources.insert(*id);
                });
                pipeline.for_each_target_mut(&mut |id| open.push(*id));
            }
        }
        for (id, resource) in &self.resources {
            let own = self.resource_items[id.0 as usize].unit == 0;
            if own && resource.creation().is_some() {
                reached_resources.insert(*id);
            }
        }
        // A resource's name and properties reach others.
        let mut open: Vec<ResourceId> = reached_resources.iter().copied().collect();
        while let Some(id) = open.pop() {
            if let Some(resource) = self.resources.get_mut(&id) {
                resource.for_each_expr_mut(&mut |expr| match &expr.kind {
                    ExprKind::Deploy(
                        Deploy::Resource(id, _) | Deploy::Attribute(id, _) | Deploy::Part(id, _),
                    ) if reached_resources.insert(*id) => {
                        open.push(*id);
                    }
                    ExprKind::Deploy(Deploy::Param(id)) => {
                        reached_params.insert(*id);
                    }
                    _ => {}
                });
                resource.for_each_resource_mut(&mut |id| {
                    if reached_resources.insert(*id) {
                        open.push(*id);
                    }
                });
            }
        }
        let pipeline_ids: BTreeMap<PipelineId, PipelineId> =
            used.iter().copied().zip((0u32..).map(PipelineId)).collect();
        let resource_ids: BTreeMap<ResourceId, ResourceId> = reached_resources
            .iter()
            .copied()
            .zip((0u32..).map(ResourceId))
            .collect();
        // Parameters stand in the order of the first place that declares each.
        let mut params: Vec<ParamId> = reached_params.into_iter().collect();
        params.sort_by_key(|id| self.params[id.0 as usize].1.first().copied());
        let param_ids: BTreeMap<ParamId, ParamId> =
            params.iter().copied().zip((0u32..).map(ParamId)).collect();
        let reached = Reached {
            resources: &resource_ids,
            params: &param_ids,
        };
        let mut tests = self.tests;
        for test in &mut tests {
            test.for_each_expr_mut(&mut |expr| {
                if let Some(value) = stand_in(expr, &self.params, &self.resources, &reached) {
                    *expr = value;
                }
            });
        }
        let renumber = &mut |expr: &mut Expr| {
            if let ExprKind::Deploy(deploy) = &mut expr.kind {
                match deploy {
                    Deploy::Machine(id) | Deploy::StepRole(id, _) => {
                        *id = pipeline_ids.get(id).copied().unwrap_or(*id);
                    }
                    Deploy::Resource(id, _) | Deploy::Attribute(id, _) | Deploy::Part(id, _) => {
                        *id = resource_ids.get(id).copied().unwrap_or(*id);
                    }
                    Deploy::Param(id) => *id = param_ids.get(id).copied().unwrap_or(*id),
                    _ => {}
                }
            }
        };
        for test in &mut tests {
            test.for_each_expr_mut(renumber);
            test.for_each_pipeline_mut(&mut |id| {
                *id = pipeline_ids.get(id).copied().unwrap_or(*id);
            });
        }
        let mut pipelines: Vec<Pipeline> = Vec::new();
        for (id, mut pipeline) in self.pipelines {
            if used.contains(&id) {
                pipeline.for_each_expr_mut(renumber);
                pipeline.for_each_resource_mut(&mut |id| {
                    *id = resource_ids.get(id).copied().unwrap_or(*id);
                });
                pipeline.for_each_target_mut(&mut |id| {
                    *id = pipeline_ids.get(id).copied().unwrap_or(*id);
                });
                pipelines.push(pipeline);
            }
        }
        let mut resources = Vec::new();
        for (id, mut resource) in self.resources {
            if resource_ids.contains_key(&id) {
                resource.for_each_expr_mut(renumber);
                resource.for_each_resource_mut(&mut |id| {
                    *id = resource_ids.get(id).copied().unwrap_or(*id);
                });
                resources.push(resource);
            }
        }
        let params = params
            .into_iter()
            .map(|id| self.params[id.0 as usize].0.clone())
            .collect();
        Program {
            file: unit.file,
            stem: unit.stem.clone(),
            doc: unit.ast.doc.as_ref().map(|doc| doc.node.clone()),
            params,
            resources,
            pipelines,
            tests,
        }
    }
}

/// What the template has.
struct Reached<'r> {
    resources: &'r BTreeMap<ResourceId, ResourceId>,
    params: &'r BTreeMap<ParamId, ParamId>,
}

/// What a test names and the template has not: its value where it is known, else its name.
fn stand_in(
    expr: &Expr,
    params: &[(Param, BTreeSet<ItemRef>)],
    resources: &BTreeMap<ResourceId, Resource>,
    reached: &Reached<'_>,
) -> Option<Expr> {
    let ExprKind::Deploy(deploy) = &expr.kind else {
        return None;
    };
    match deploy {
        Deploy::Param(id) if !reached.params.contains_key(id) => {
            let param = &params[id.0 as usize].0;
            let value = param
                .default
                .clone()
                .unwrap_or_else(|| Literal::String(param.name.clone()));
            Some(Expr::literal(value, expr.ty.clone(), expr.span))
        }
        Deploy::Resource(id, _) | Deploy::Attribute(id, _) | Deploy::Part(id, _)
            if !reached.resources.contains_key(id) =>
        {
            let resource = resources.get(id)?;
            let name = match &resource.origin {
                Origin::Existing(name) => name.as_literal().cloned(),
                Origin::Created(_) => None,
            };
            let name = name.unwrap_or_else(|| Literal::String(resource.name.clone()));
            Some(Expr::literal(name, Type::String, expr.span))
        }
        _ => None,
    }
}

fn is_param_type(ty: &Type) -> bool {
    match ty {
        Type::String | Type::Int | Type::Number | Type::Bool | Type::Timestamp | Type::Invalid => {
            true
        }
        Type::Enum(values) => !values.open,
        Type::List(element) => matches!(**element, Type::String),
        _ => false,
    }
}

/// A declared resource by a bare name, as `reads`, `role` and `notify` take it.
pub(super) fn find_resource(
    scope: &mut Scope<'_, '_>,
    name: &ast::Name,
) -> Option<(ResourceId, &'static ResourceKind)> {
    let name_expr = ast::Expr {
        kind: ast::ExprKind::Name(name.node.clone()),
        span: name.span,
    };
    let value = expr::check(scope, &name_expr, None);
    match (&value.kind, &value.ty) {
        (_, Type::Invalid) => None,
        (ExprKind::Deploy(Deploy::Resource(id, _)), Type::Resource(kind)) => Some((*id, kind.0)),
        _ => {
            scope.report(
                Diagnostic::new(
                    Code::WrongResource,
                    name.span,
                    format!("`{}` is no declared resource", name.node),
                )
                .help("declare it in the file: `bucket raw = \"its-name\"`"),
            );
            None
        }
    }
}
