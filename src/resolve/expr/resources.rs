//! Declared resources where something names one: by name, ARN or URL, as the place needs.

use crate::catalog::grant::ArnPart;
use crate::catalog::resource::{self, RefForm};
use crate::catalog::shape::Shape;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::types::ResourceKindRef;
use crate::ir::{Deploy, Expr, ExprKind, Literal, Type};
use crate::resolve::expr::fit::{shape_of, wrap};
use crate::resolve::expr::{Checker, Wanted, code_at, invalid, is_of_template};
use crate::resolve::types::{describe, either, fits};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, BinaryOp};

impl Checker<'_> {
    /// A resource as the argument of an API's member.
    pub(super) fn fit_resource(
        &mut self,
        value: Expr,
        kind: ResourceKindRef,
        member: &str,
        wanted: Wanted<'_>,
    ) -> Expr {
        let span = value.span;
        if !fits(&Type::String, wanted.ty) {
            let diagnostic = Diagnostic::new(
                code_at(wanted.ty, Code::WrongArgumentType),
                span,
                format!(
                    "`{member}` takes {}, found {}",
                    describe(wanted.ty),
                    describe(&value.ty)
                ),
            );
            let several = matches!(
                wanted.ty.non_null(),
                Type::List(element) if fits(&Type::String, &element)
            );
            self.report(match several {
                true => diagnostic.fix(wrap(span, "[", "]", "make it a list of one", false)),
                false => diagnostic,
            });
            return invalid(span);
        }
        let service = shape_of(wanted.ty).map_or("", Shape::service);
        let kinds = resource::named_kinds(service, member);
        if !kinds.is_empty() && !kinds.contains(&kind.0.word) {
            let words: Vec<String> = kinds.iter().map(|word| format!("`{word}`")).collect();
            self.report(
                Diagnostic::new(
                    Code::WrongResource,
                    span,
                    format!(
                        "`{member}` names a {}, and this is a `{}`",
                        either(&words),
                        kind.0.word
                    ),
                )
                .help("a string that names one works too"),
            );
            return invalid(span);
        }
        let form = match shape_of(wanted.ty).filter(|_| is_of_template(wanted.ty)) {
            Some(shape) => resource::wanted_by_property(kind.0, member, shape),
            None => resource::wanted_form(member),
        };
        let form = match form {
            RefForm::Url if kind.0.ref_form != RefForm::Url => RefForm::Name,
            form => form,
        };
        let value = self.resource_as(value, form);
        Expr {
            ty: Type::String,
            span,
            ..value
        }
    }

    /// A resource's name, ARN or URL.
    pub(super) fn resource_as(&mut self, value: Expr, form: RefForm) -> Expr {
        let Type::Resource(kind) = &value.ty else {
            return value;
        };
        let kind = *kind;
        if let ExprKind::Deploy(Deploy::Resource(id, _)) = &value.kind {
            return Expr {
                kind: ExprKind::Deploy(Deploy::Resource(*id, form)),
                ..value
            };
        }
        // A parameter of the kind holds a name that only the run knows.
        let span = value.span;
        let text = |text: &str| Expr::literal(Literal::String(text.to_owned()), Type::String, span);
        let deploy = |deploy| Expr {
            kind: ExprKind::Deploy(deploy),
            ty: Type::String,
            time: crate::ir::Time::Deploy,
            span,
        };
        let name = Expr {
            ty: Type::String,
            ..value
        };
        let template = match form {
            RefForm::Name => return name,
            RefForm::Url => resource::url_template(),
            RefForm::Arn => &kind.0.arn,
        };
        let mut parts = Vec::with_capacity(template.parts.len());
        for part in &template.parts {
            parts.push(match part {
                ArnPart::Text(part) => text(part),
                ArnPart::Partition => deploy(Deploy::Partition),
                ArnPart::Region => deploy(Deploy::Region),
                ArnPart::Account => deploy(Deploy::Account),
                ArnPart::UrlSuffix => self.url_suffix(deploy(Deploy::Partition), span),
                ArnPart::Member(_) => name.clone(),
                ArnPart::Machine | ArnPart::Any | ArnPart::Variable(_) => text("*"),
            });
        }
        self.build(ExprKind::Template(parts), Type::String, span)
    }

    /// The domain of a partition's services.
    fn url_suffix(&mut self, partition: Expr, span: Span) -> Expr {
        let text = |text: &str| Expr::literal(Literal::String(text.to_owned()), Type::String, span);
        let op = Spanned::new(BinaryOp::Eq, span);
        let condition = self.compare(&op, partition, text("aws-cn"));
        let kind = ExprKind::If {
            condition: Box::new(condition),
            then: Box::new(text("amazonaws.com.cn")),
            otherwise: Box::new(text("amazonaws.com")),
        };
        self.build(kind, Type::String, span)
    }
}

/// Members that take a name and an ARN alike.
const TAKE_BOTH: &[&str] = &[
    "Cluster",
    "FunctionName",
    "KMSKeyId",
    "KeyId",
    "KmsKeyId",
    "SecretId",
    "StreamName",
    "TableName",
];

/// `raw.arn` where a name is wanted, or the other way around.
pub(super) fn other_form(expr: &ast::Expr, value: &Expr, wanted: Wanted<'_>) -> Option<Diagnostic> {
    let member = wanted.member?;
    let ast::ExprKind::Member { base, .. } = &expr.kind else {
        return None;
    };
    let ExprKind::Deploy(Deploy::Resource(_, given)) = &value.kind else {
        return None;
    };
    let form = resource::wanted_form(member);
    let service = shape_of(wanted.ty).map_or("", Shape::service);
    let names_one = !resource::named_kinds(service, member).is_empty();
    // How a template's properties name resources, their schemas say.
    let of_template = is_of_template(wanted.ty);
    if *given == form || !names_one || of_template || TAKE_BOTH.contains(&member) {
        return None;
    }
    let word = |form| match form {
        RefForm::Name => "name",
        RefForm::Arn => "ARN",
        RefForm::Url => "URL",
    };
    let diagnostic = Diagnostic::new(
        Code::WrongResource,
        expr.span,
        format!(
            "`{member}` takes the {}, and this is the {}",
            word(form),
            word(*given)
        ),
    );
    Some(diagnostic.replace(
        base.span.after().to(expr.span.after()),
        "",
        "give the resource itself",
    ))
}
