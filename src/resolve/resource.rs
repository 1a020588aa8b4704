//! Declared resources: what exists by its name, and what the template makes by its properties.
//!
//! Properties are CloudFormation's, checked against its schema; short forms and what is set where the author says nothing
//! are the catalog's data, written out before the check so that one check holds for all.

mod short;
mod tree;

use crate::catalog::cloudformation::{self, ResourceType};
use crate::catalog::created::{self, Keep, Made, Naming, Role, Touching};
use crate::catalog::resource::{self, ResourceKind};
use crate::diagnostic::{Code, Diagnostic, find_nearest};
use crate::ir::{
    Creation, Deletion, Deploy, Entry, Expr, ExprKind, Literal, Origin, Part, Resource, ResourceId,
    Time, Touch, Type,
};
use crate::resolve::arguments;
use crate::resolve::expr::{self, require_time};
use crate::resolve::names::Names;
use crate::resolve::program::find_resource;
use crate::resolve::scope::Scope;
use crate::resolve::types::{either, resolve_type};
use crate::source::Spanned;
use crate::syntax::ast;
use tree::Tree;

/// Attributes of a template's resource that stand beside its properties.
const BESIDE: &[&str] = &["DeletionPolicy", "DependsOn", "UpdateReplacePolicy"];

/// The kind that a declaration's word or type means.
pub(super) fn kind_of(ast: &ast::Resource) -> Option<&'static ResourceKind> {
    match &ast.cfn_type {
        None => resource::find_kind(&ast.kind.node),
        Some(wanted) => resource::find_type(&wanted.node),
    }
}

/// A declaration, checked. None where it was reported and nothing can stand for it.
pub(super) fn check(
    scope: &mut Scope<'_, '_>,
    id: ResourceId,
    ast: &ast::Resource,
    doc: Option<&Spanned<String>>,
) -> Option<Resource> {
    let kind = kind_of(ast);
    if kind.is_none() {
        report_unknown_kind(scope, ast);
    }
    let name = ast.existing.as_ref().map(|name| {
        let value = expr::check(scope, name, Some(&Type::String));
        require_time(scope, &value, Time::Deploy, "a resource's name");
        value
    });
    let Some(kind) = kind else {
        let properties = ast.properties.iter().flatten();
        for property in properties {
            if let ast::Property::Value { value, .. } = property {
                expr::check(scope, value, None);
            }
        }
        return None;
    };
    let returns = returned(scope, ast, kind);
    let origin = match (name, &ast.properties) {
        (name, Some(properties)) => {
            let maker = Maker {
                scope,
                id,
                ast,
                kind,
                known: cloudformation::find_type(kind.cfn_type)?,
                about: created::find(kind.cfn_type),
            };
            Origin::Created(maker.make(name, properties))
        }
        (Some(name), None) => Origin::Existing(name),
        (None, None) => {
            scope.report(
                Diagnostic::new(
                    Code::ResourceWithoutName,
                    ast.name.span,
                    format!("`{}` names nothing", ast.name.node),
                )
                .help(format!(
                    "`{0} {1} = \"its-name\"` refers to one that exists, `{0} {1} {{}}` makes one",
                    ast.kind.node, ast.name.node
                )),
            );
            return None;
        }
    };
    Some(Resource {
        name: ast.name.node.clone(),
        kind,
        cfn_type: kind.cfn_type.to_owned(),
        origin,
        returns,
        doc: doc.map(|doc| doc.node.clone()),
        span: ast.name.span,
    })
}

fn returned(scope: &mut Scope<'_, '_>, ast: &ast::Resource, kind: &ResourceKind) -> Type {
    let Some(ty) = &ast.returns else {
        return Type::Any;
    };
    if !kind.is_callable() {
        scope.report(
            Diagnostic::new(
                Code::MisplacedReturns,
                ty.span,
                format!("a `{}` gives no result of its own", kind.word),
            )
            .help("`returns` stands behind a `function` or an `activity`, or behind a call"),
        );
    }
    resolve_type(scope, ty)
}

/// Makes what the template holds of one declaration.
struct Maker<'s, 'c, 'u> {
    scope: &'s mut Scope<'c, 'u>,
    id: ResourceId,
    ast: &'s ast::Resource,
    kind: &'static ResourceKind,
    known: &'static ResourceType,
    about: &'static created::Creation,
}

impl Maker<'_, '_, '_> {
    fn make(mut self, name: Option<Expr>, properties: &[ast::Property]) -> Creation {
        let kept = match self.about.keep {
            Keep::No => Deletion::Delete,
            Keep::Retain => Deletion::Retain,
            Keep::Snapshot => Deletion::Snapshot,
        };
        let mut creation = Creation {
            deletion: kept,
            replacement: kept,
            ..Creation::default()
        };
        let mut given = Tree::object();
        for property in properties {
            self.property(property, &mut given, &mut creation);
        }
        self.check_read_only(&given);
        let written = given.clone();
        let shown = self.complete(name, &written, &mut given, &mut creation);
        creation.properties = self.check_properties(given);
        for _ in 0..shown {
            self.scope.hide();
        }
        self.check_touches(&creation);
        creation
    }

    fn property(&mut self, property: &ast::Property, given: &mut Tree, creation: &mut Creation) {
        match property {
            ast::Property::Value { key, value } => {
                if BESIDE.contains(&key.node.as_str()) {
                    self.beside(key, value, creation);
                } else if self.known.properties.find_member(&key.node).is_some() {
                    let value = Tree::of(value);
                    self.add(given, key, value);
                } else if let Some(template) = self.about.short.get(&key.node) {
                    let written = short::write_out(self.scope, template, key, value);
                    if let Some(Tree::Object(members)) = written {
                        for (name, (_, value)) in members {
                            let key = Spanned::new(name, key.span);
                            self.add(given, &key, value);
                        }
                    }
                } else {
                    self.report_unknown(key);
                    expr::check(self.scope, value, None);
                }
            }
            ast::Property::Access(clause) => {
                let touching = match clause.mode {
                    ast::AccessMode::Reads => Touching::Reads,
                    ast::AccessMode::Writes => Touching::Writes,
                };
                for target in &clause.targets {
                    let path = target.path.as_ref().map(|path| {
                        let value = expr::check(self.scope, path, Some(&Type::String));
                        require_time(self.scope, &value, Time::Deploy, "what a role may touch");
                        value
                    });
                    let resource = find_resource(self.scope, &target.resource);
                    creation.touches.extend(resource.map(|(resource, _)| Touch {
                        touching,
                        resource,
                        path,
                        span: target.span,
                    }));
                }
            }
            ast::Property::Catalog(names, _) => {
                for name in names {
                    let resource = find_resource(self.scope, name);
                    creation.touches.extend(resource.map(|(resource, _)| Touch {
                        touching: Touching::Catalog,
                        resource,
                        path: None,
                        span: name.span,
                    }));
                }
            }
            ast::Property::Logs(span) => creation.logs = Some(*span),
            ast::Property::Invalid(_) => {}
        }
    }

    /// Adds what stands at one key; a second value for one place is reported.
    fn add(&mut self, given: &mut Tree, key: &Spanned<String>, value: Tree) {
        if let Some(first) = given.add(key, value) {
            self.scope.report(
                Diagnostic::new(
                    Code::RepeatedProperty,
                    key.span,
                    format!("`{}` is set here a second time", key.node),
                )
                .also(first, "set here first"),
            );
        }
    }

    fn beside(&mut self, key: &Spanned<String>, value: &ast::Expr, creation: &mut Creation) {
        if key.node == "DependsOn" {
            let names: Vec<&ast::Expr> = match &value.kind {
                ast::ExprKind::List(elements) => elements.iter().map(|e| &e.value).collect(),
                _ => vec![value],
            };
            for name in names {
                let found = expr::check(self.scope, name, None);
                match found.kind {
                    ExprKind::Deploy(Deploy::Resource(id, _)) => creation.depends_on.push(id),
                    _ if found.ty == Type::Invalid => {}
                    _ => self.scope.report(
                        Diagnostic::new(
                            Code::WrongResource,
                            name.span,
                            "`DependsOn` takes declared resources",
                        )
                        .help("a resource that a property names is waited for anyway"),
                    ),
                }
            }
            return;
        }
        const POLICIES: [&str; 4] = ["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];
        let wanted = Type::one_of(POLICIES.map(str::to_owned));
        let value = expr::check(self.scope, value, Some(&wanted));
        if !require_time(
            self.scope,
            &value,
            Time::Build,
            "what becomes of a resource",
        ) {
            return;
        }
        let policy = match value.as_literal() {
            Some(Literal::String(text)) if text == "Delete" => Deletion::Delete,
            Some(Literal::String(text)) if text == "Snapshot" => Deletion::Snapshot,
            _ => Deletion::Retain,
        };
        if key.node == "DeletionPolicy" {
            creation.deletion = policy;
        }
        creation.replacement = policy;
    }

    fn report_unknown(&mut self, key: &Spanned<String>) {
        const SHOWN: usize = 12;
        let of = self.word();
        if self.known.is_read_only(&key.node) {
            self.scope.report(
                Diagnostic::new(
                    Code::ReadOnlyProperty,
                    key.span,
                    format!("`{}` of a {of} is set by the service", key.node),
                )
                .help(format!(
                    "elsewhere it can be read: `{}.{}`",
                    self.ast.name.node, key.node
                )),
            );
            return;
        }
        let mut names: Vec<&str> = self.about.short.keys().map(String::as_str).collect();
        let members = || self.known.properties.members();
        names.extend(members().map(|member| member.raw.name.as_str()));
        let diagnostic = Diagnostic::new(
            Code::UnknownProperty,
            key.span,
            format!("a {of} has no property `{}`", key.node),
        );
        self.scope
            .report(match find_nearest(&key.node, names.iter().copied()) {
                Some(near) => diagnostic.nearest(key.span, &key.node, near),
                None => {
                    let mut words: Vec<String> =
                        names.iter().map(|name| format!("`{name}`")).collect();
                    if words.len() > SHOWN {
                        let more = words.len() - SHOWN;
                        words.truncate(SHOWN);
                        words.push(format!("and {more} more"));
                    }
                    diagnostic.help(format!("there are {}", words.join(", ")))
                }
            });
    }

    /// How messages call it: "`job`".
    fn word(&self) -> String {
        format!("`{}`", self.kind.word)
    }

    /// What only the service sets, inside of properties.
    fn check_read_only(&mut self, given: &Tree) {
        for attribute in self.known.attributes.members() {
            let name = &attribute.raw.name;
            if let Some(span) = given.find(name).filter(|_| name.contains('.')) {
                let of = self.word();
                self.scope.report(Diagnostic::new(
                    Code::ReadOnlyProperty,
                    span,
                    format!("`{name}` of a {of} is set by the service"),
                ));
            }
        }
    }

    /// What the service needs and nothing gives, by the schema and beyond it. What is missing by the schema is shown to the
    /// check as a value that was reported.
    fn check_needs(&mut self, written: &Tree, given: &mut Tree, missing: &ast::Expr) {
        let required = self.known.properties.members().filter(|m| m.raw.required);
        let mut lacking = required
            .map(|member| member.raw.name.clone())
            .filter(|name| given.find(name).is_none())
            .collect::<Vec<_>>();
        for name in &lacking {
            self.report_missing(std::slice::from_ref(name));
            given.add_at(name, self.ast.name.span, Tree::Leaf(missing.clone()));
        }
        for paths in &self.about.needs {
            if lacking.is_empty() && paths.iter().all(|path| written.find(path).is_none()) {
                self.report_missing(paths);
                lacking.extend(paths.first().cloned());
            }
        }
    }

    /// A name ends in `.fifo` exactly where the resource is first-in first-out.
    fn check_fifo(&mut self, name: Option<&Expr>, written: &Tree) {
        const ENDING: &str = ".fifo";
        let (Some(property), Some(name)) = (&self.about.fifo, name) else {
            return;
        };
        let last = match &name.kind {
            ExprKind::Template(parts) => parts.last().and_then(Expr::as_literal),
            _ => name.as_literal(),
        };
        let (Some(Literal::String(text)), Some(fifo)) = (last, written.is_switched_on(property))
        else {
            return;
        };
        if text.ends_with(ENDING) == fifo {
            return;
        }
        let of = self.word();
        let message = if fifo {
            format!("the name of a FIFO {of} ends in `{ENDING}`")
        } else {
            format!("only the name of a FIFO {of} ends in `{ENDING}`")
        };
        let help = if fifo {
            format!("add `{ENDING}` to the name, or leave the name out")
        } else {
            "say `fifo: true`, or call it otherwise".to_owned()
        };
        let diagnostic = Diagnostic::new(Code::PropertyValue, name.span, message);
        self.scope.report(diagnostic.help(help));
    }

    /// One of these has to be given.
    fn report_missing(&mut self, paths: &[String]) {
        const SHOWN: usize = 3;
        let quoted = |paths: &[String]| -> Vec<String> {
            paths.iter().map(|path| format!("`{path}`")).collect()
        };
        let mut names = quoted(&paths[..paths.len().min(SHOWN)]);
        if paths.len() > SHOWN {
            names.push(format!("one of {} others", paths.len() - SHOWN));
        }
        let words: Vec<String> = self
            .about
            .short
            .iter()
            .filter(|(_, template)| paths.iter().any(|path| short::sets(template, path)))
            .map(|(word, _)| format!("`{word}: …`"))
            .collect();
        let diagnostic = Diagnostic::new(
            Code::MissingProperty,
            self.ast.name.span,
            format!("a {} needs {}", self.word(), either(&names)),
        );
        self.scope.report(if words.is_empty() {
            diagnostic
        } else {
            diagnostic.help(format!("{} sets it", either(&words)))
        });
    }

    /// Adds what the author did not say: the name, roles, the log group, defaults. Gives the number of names that are shown
    /// to the check for that.
    fn complete(
        &mut self,
        name: Option<Expr>,
        written: &Tree,
        given: &mut Tree,
        creation: &mut Creation,
    ) -> usize {
        let span = self.ast.name.span;
        let mut shown = 0;
        let mut show = |scope: &mut Scope<'_, '_>, name: &str, value: Expr| {
            scope.show(name, value);
            shown += 1;
            tree::named(name, span)
        };
        let deploy = |deploy| Expr {
            kind: ExprKind::Deploy(deploy),
            ty: Type::String,
            time: Time::Deploy,
            span,
        };
        show(self.scope, "$account", deploy(Deploy::Account));
        show(self.scope, "$partition", deploy(Deploy::Partition));
        let label = self.stack_name();
        show(self.scope, "$label", label);
        let property = self.kind.name_property;
        let given_name = written.find(property).is_some();
        creation.name = name.or_else(|| {
            if property.is_empty() || given_name {
                return None;
            }
            self.default_name()
        });
        if let Some(name) = creation.name.clone().filter(|_| !property.is_empty()) {
            let value = Tree::Leaf(show(self.scope, "$name", name));
            if let Some(first) = given.add_at(property, span, value) {
                self.scope.report(
                    Diagnostic::new(
                        Code::RepeatedProperty,
                        first,
                        format!("`{}` has a name already", self.ast.name.node),
                    )
                    .also(span, "named here"),
                );
            }
        }
        self.check_fifo(creation.name.as_ref(), written);
        let said = !creation.touches.is_empty() || creation.logs.is_some();
        for (at, role) in self.about.roles.iter().enumerate() {
            self.add_role(
                at,
                role,
                said,
                written,
                given,
                creation,
                &mut |scope, value| show(scope, &format!("$role{at}"), deploy(value)),
            );
        }
        if let Some(logs) = self.about.logs.as_ref().filter(|_| creation.logs.is_some()) {
            let part = deploy(Deploy::Part(self.id, Part::LogGroup));
            let value = Tree::Leaf(show(self.scope, "$logs", part));
            given.add_at(&logs.property, span, value);
        }
        for (name, value) in &self.about.defaults {
            let blocked = self
                .about
                .unless
                .get(name)
                .is_some_and(|others| others.iter().any(|other| written.find(other).is_some()));
            if !blocked {
                let value = tree::of_json(value, span);
                given.fill(&Spanned::new(name.clone(), span), value);
            }
        }
        let missing = show(self.scope, "$missing", expr::invalid(span));
        self.check_needs(written, given, &missing);
        shown
    }

    /// What it is called when the author says nothing.
    fn default_name(&self) -> Option<Expr> {
        let span = self.ast.name.span;
        let text = |text: String| Expr::literal(Literal::String(text), Type::String, span);
        let own = self.ast.name.node.as_str();
        match self.about.name {
            Naming::Chosen => None,
            Naming::Own => Some(text(own.to_owned())),
            Naming::Stack => Some(self.stack_name()),
        }
    }

    /// The stack's name, a hyphen, and the name in the program.
    fn stack_name(&self) -> Expr {
        let span = self.ast.name.span;
        let text = |kind, time| Expr {
            kind,
            ty: Type::String,
            time,
            span,
        };
        let own = format!("-{}", self.ast.name.node.replace('_', "-"));
        let stack = text(ExprKind::Deploy(Deploy::StackName), Time::Deploy);
        let own = text(ExprKind::Literal(Literal::String(own)), Time::Build);
        text(ExprKind::Template(vec![stack, own]), Time::Deploy)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one declaration")]
    fn add_role(
        &mut self,
        at: usize,
        role: &'static Role,
        said: bool,
        written: &Tree,
        given: &mut Tree,
        creation: &mut Creation,
        show: &mut dyn FnMut(&mut Scope<'_, '_>, Deploy) -> ast::Expr,
    ) {
        let paths: Vec<&str> = role
            .property
            .iter()
            .map(|path| path.trim_end_matches("[]"))
            .collect();
        let has_own = paths.iter().any(|path| written.find(path).is_some());
        if has_own || role.made == Made::Said && !said {
            return;
        }
        let span = self.ast.name.span;
        let part = if role.profile {
            Part::Profile(at)
        } else {
            Part::Role(at)
        };
        let value = show(self.scope, Deploy::Part(self.id, part));
        for (i, path) in paths.iter().enumerate() {
            let around = path.rsplit_once('.').map(|(around, _)| around);
            let needed = match around {
                Some(around) => i == 0 && !path.contains('.') || written.find(around).is_some(),
                None => true,
            };
            if !needed {
                continue;
            }
            let value = if role.property[i].ends_with("[]") {
                Tree::List(vec![Tree::Leaf(value.clone())])
            } else {
                Tree::Leaf(value.clone())
            };
            given.add_at(path, span, value);
        }
        creation.roles.push(role);
    }

    /// The properties as they stand in the template.
    fn check_properties(&mut self, given: Tree) -> Vec<(String, Expr)> {
        let span = self.ast.name.span;
        let what = self.word();
        let entries = given.into_entries(span);
        let object =
            arguments::check_properties(self.scope, &entries, self.known.properties, &what, span);
        let properties: Vec<(String, Expr)> = match object.kind {
            ExprKind::Object(entries) => entries
                .into_iter()
                .filter_map(|entry| match entry {
                    Entry::Pair { key, value } => Some((key, value)),
                    Entry::Computed { .. } | Entry::Spread(_) => None,
                })
                .collect(),
            ExprKind::Literal(Literal::Object(members)) => members
                .into_iter()
                .map(|(key, value)| (key, Expr::literal(value, Type::Any, span)))
                .collect(),
            _ => Vec::new(),
        };
        for (name, value) in &properties {
            require_time(
                self.scope,
                value,
                Time::Deploy,
                &format!("a resource's property (`{name}`)"),
            );
        }
        properties
    }

    /// What it touches is touched under a role that it has, and can be touched so.
    fn check_touches(&mut self, creation: &Creation) {
        let is_role = self.kind.word == "role";
        let role = creation.roles.iter().find(|role| role.touches);
        let first = creation.touches.first().map(|touch| touch.span);
        if let Some(span) = first.or(creation.logs)
            && role.is_none()
            && !is_role
        {
            let of = self.word();
            let has_roles = self.about.roles.iter().any(|role| role.touches);
            let diagnostic = Diagnostic::new(
                Code::MisplacedAccess,
                span,
                if has_roles {
                    format!(
                        "this {of} works under a role that is given to it, whose permissions are not this template's"
                    )
                } else {
                    format!("a {of} works under no role of its own, so it reads and writes nothing")
                },
            );
            self.scope.report(if has_roles {
                diagnostic
                    .help("leave out the role's property, and a role is made that may do just this")
            } else {
                diagnostic.help("say it of the job, function or role that does it")
            });
            return;
        }
        if let Some(span) = creation.logs
            && role.is_none_or(|role| role.logs.is_empty())
        {
            let of = self.word();
            self.scope.report(Diagnostic::new(
                Code::MisplacedAccess,
                span,
                format!("a {of} writes no logs under its role"),
            ));
        }
        let way = role.map_or("", |role| role.way.as_str());
        for touch in &creation.touches {
            self.check_touch(touch, way);
        }
    }

    fn check_touch(&mut self, touch: &Touch, way: &str) {
        let Some(kind) = self.scope.context.kind_of(touch.resource) else {
            return;
        };
        let verb = match touch.touching {
            Touching::Reads => "reads",
            Touching::Writes => "writes",
            Touching::Catalog => "catalog",
        };
        if created::find_touched(kind.word, touch.touching, way).is_none() {
            let words: Vec<String> = created::touchable(touch.touching)
                .iter()
                .map(|word| format!("`{word}`"))
                .collect();
            self.scope.report(
                Diagnostic::new(
                    Code::MisplacedAccess,
                    touch.span,
                    format!("a `{}` cannot stand after `{verb}`", kind.word),
                )
                .help(format!("a {} can", either(&words))),
            );
        } else if let Some(path) = &touch.path
            && !matches!(kind.word, "bucket" | "database")
        {
            self.scope.report(
                Diagnostic::new(
                    Code::MisplacedAccess,
                    path.span,
                    format!("a `{}` has no parts that could be named", kind.word),
                )
                .help("a `bucket` has keys, and a `database` tables"),
            );
        }
    }
}

fn report_unknown_kind(scope: &mut Scope<'_, '_>, ast: &ast::Resource) {
    let word = ast.cfn_type.as_ref().unwrap_or(&ast.kind);
    let diagnostic = Diagnostic::new(
        Code::UnknownKind,
        word.span,
        format!("there is no kind of resource `{}`", word.node),
    );
    if ast.cfn_type.is_some() {
        let names: Vec<String> = cloudformation::type_names().collect();
        scope.report(
            match find_nearest(&word.node, names.iter().map(String::as_str)) {
                Some(near) => diagnostic.nearest(word.span, &word.node, near),
                None => {
                    diagnostic.help("it is one of CloudFormation's types: `AWS::Service::Type`")
                }
            },
        );
        return;
    }
    let listed = |kinds: &[&str]| {
        let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
        kinds.join(", ")
    };
    let kinds: Vec<&str> = resource::kinds().iter().map(|kind| kind.word).collect();
    let suffix = format!("_{}", word.node);
    let longer: Vec<&str> = kinds
        .iter()
        .copied()
        .filter(|kind| kind.ends_with(&suffix))
        .collect();
    if longer.len() > 1 {
        let help = format!("there are several: {}", listed(&longer));
        scope.report(diagnostic.help(help));
        return;
    }
    let near = match word.node.as_str() {
        "lambda" => Some("function"),
        "dynamodb" | "dynamodb_table" => Some("table"),
        "glue_job" => Some("job"),
        "sns" | "sns_topic" => Some("topic"),
        "sqs" | "sqs_queue" => Some("queue"),
        "s3" | "s3_bucket" => Some("bucket"),
        other => find_nearest(other, kinds.iter().copied()),
    };
    scope.report(match near {
        Some(near) => diagnostic.nearest(word.span, &word.node, near),
        None => diagnostic
            .help(format!("the kinds are {}", listed(&kinds)))
            .help("`resource name: AWS::Service::Type { … }` makes one of every other type"),
    });
}
