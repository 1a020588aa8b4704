//! Pipelines sketched in a few lines of Rust, where a test is about the meaning and not about the text.

use std::cell::RefCell;

use flowc::catalog::{self, Pattern};
use flowc::ir::*;
use flowc::source::{FileId, Span};

#[derive(Default)]
pub struct Sketch {
    variables: RefCell<Vec<Variable>>,
    params: RefCell<Vec<PipelineParam>>,
    labels: RefCell<u32>,
    at: RefCell<usize>,
}

pub const ALL: &[&str] = &["States.ALL"];

impl Sketch {
    pub fn new() -> Self {
        let sketch = Self::default();
        *sketch.labels.borrow_mut() = 1;
        sketch
    }

    fn span(&self) -> Span {
        let mut at = self.at.borrow_mut();
        *at += 1;
        Span::new(FileId(0), *at, *at + 1)
    }

    pub fn variable(&self, name: &str, kind: VariableKind, ty: Type) -> VariableId {
        let mut variables = self.variables.borrow_mut();
        variables.push(Variable {
            name: name.to_owned(),
            kind,
            ty,
            value: None,
            span: Span::default(),
        });
        VariableId(variables.len() as u32 - 1)
    }

    pub fn param(&self, name: &str, ty: Type) -> VariableId {
        self.default_param(name, ty, None)
    }

    pub fn default_param(&self, name: &str, ty: Type, default: Option<Expr>) -> VariableId {
        let variable = self.variable(name, VariableKind::Parameter, ty);
        self.params
            .borrow_mut()
            .push(PipelineParam { variable, default });
        variable
    }

    pub fn result(&self, name: &str, ty: Type) -> VariableId {
        self.variable(name, VariableKind::Result, ty)
    }

    pub fn local(&self, name: &str, ty: Type) -> VariableId {
        self.variable(name, VariableKind::Let, ty)
    }

    pub fn label(&self) -> LabelId {
        let mut labels = self.labels.borrow_mut();
        *labels += 1;
        LabelId(*labels - 1)
    }

    pub fn read(&self, id: VariableId) -> Expr {
        let ty = self.variables.borrow()[id.0 as usize].ty.clone();
        run(ExprKind::Variable(id), ty)
    }

    pub fn stage(&self, name: &str, kind: StageKind) -> Stage {
        Stage {
            kind,
            binds: Binding::None,
            guard: Guard::default(),
            name: StateName {
                base: name.to_owned(),
                exact: false,
            },
            ty: Type::Any,
            doc: None,
            span: self.span(),
            expanded_from: Vec::new(),
        }
    }

    /// A function called with a payload.
    pub fn call(&self, name: &str, payload: Expr) -> Stage {
        let operation = catalog::find_service("lambda")
            .and_then(|service| service.find_operation("invoke"))
            .expect("lambda.invoke");
        let form = operation
            .form(Pattern::RequestResponse)
            .expect("a plain call");
        self.stage(
            name,
            StageKind::Call(Box::new(Call {
                operation,
                form,
                target: Target::Api,
                arguments: Arguments::Members(vec![("Payload".to_owned(), payload)]),
                value_path: Vec::new(),
                parse: false,
                result: Type::Any,
                timeout: None,
                heartbeat: None,
                credentials: None,
                within: None,
                accesses: Vec::new(),
                span: Span::default(),
            })),
        )
    }

    pub fn pass(&self, value: Expr) -> Stage {
        self.stage("pass", StageKind::Pass(value))
    }

    pub fn assign(&self, variable: VariableId, value: Expr) -> Stage {
        let name = self.variables.borrow()[variable.0 as usize].name.clone();
        self.stage(&name, StageKind::Assign { variable, value })
    }

    pub fn block(&self, name: &str, stages: Vec<Stage>) -> Stage {
        let label = self.label();
        self.labelled(name, label, stages)
    }

    pub fn labelled(&self, name: &str, label: LabelId, stages: Vec<Stage>) -> Stage {
        let block = Block { stages };
        self.stage(name, StageKind::Block { label, block })
    }

    pub fn when(&self, condition: Expr, then: Vec<Stage>, otherwise: Vec<Stage>) -> Stage {
        self.stage(
            "if",
            StageKind::If {
                arms: vec![(condition, Block { stages: then })],
                otherwise: Block { stages: otherwise },
                exhaustive: false,
            },
        )
    }

    pub fn fail(&self, error: &str, cause: Option<Expr>) -> Stage {
        let error = error.to_owned();
        self.stage("fail", StageKind::Fail(Fail::Raise { error, cause }))
    }

    pub fn give(&self, label: LabelId, value: Expr) -> Stage {
        self.stage("return", StageKind::Return { label, value })
    }

    pub fn repeat(&self, label: LabelId, condition: Option<Expr>, stages: Vec<Stage>) -> Stage {
        let name = if condition.is_some() { "while" } else { "loop" };
        self.stage(
            name,
            StageKind::Loop {
                label,
                condition,
                block: Block { stages },
            },
        )
    }

    /// An inline map; change what it is by its fields.
    pub fn map(&self, name: &str, items: Expr, item: VariableId, stages: Vec<Stage>) -> Stage {
        let index = self.variable("index", VariableKind::Index, Type::Int);
        self.map_with(name, items, (item, index), stages, |_| {})
    }

    pub fn map_with(
        &self,
        name: &str,
        items: Expr,
        (item, index): (VariableId, VariableId),
        stages: Vec<Stage>,
        change: impl FnOnce(&mut Map),
    ) -> Stage {
        let mut map = Map {
            items: Items::Values(items),
            item,
            index,
            concurrency: None,
            collect: false,
            distributed: None,
            label: self.label(),
            body: Block { stages },
            returns: Type::Any,
        };
        change(&mut map);
        self.stage(name, StageKind::Map(Box::new(map)))
    }

    pub fn item(&self, name: &str, ty: Type) -> VariableId {
        self.variable(name, VariableKind::Item, ty)
    }

    pub fn error(&self) -> VariableId {
        let ty = Type::object([
            ("name".to_owned(), Type::String, false),
            ("cause".to_owned(), Type::String, false),
        ]);
        self.variable("error", VariableKind::Error, ty)
    }

    pub fn parallel(&self, collect: bool, branches: Vec<(&str, Vec<Stage>)>) -> Stage {
        let branches = branches
            .into_iter()
            .map(|(name, stages)| Branch {
                name: name.to_owned(),
                label: self.label(),
                block: Block { stages },
                returns: Type::Any,
                span: Span::default(),
            })
            .collect();
        self.stage("parallel", StageKind::Parallel { collect, branches })
    }

    pub fn program(self, stages: Vec<Stage>) -> Program {
        let pipeline = Pipeline {
            name: "load".to_owned(),
            doc: None,
            params: self.params.take(),
            settings: Settings::default(),
            variables: self.variables.take(),
            label: LabelId(0),
            body: Block { stages },
            returns: Type::Any,
            labels: *self.labels.borrow(),
            span: Span::default(),
            accesses: std::cell::OnceCell::new(),
        };
        Program {
            file: FileId(0),
            stem: "test".to_owned(),
            doc: None,
            params: Vec::new(),
            resources: Vec::new(),
            pipelines: vec![pipeline],
            tests: Vec::new(),
        }
    }
}

/// What is added to a stage.
pub trait StageExt {
    fn bind(self, variable: VariableId) -> Self;
    fn catch(self, errors: &[&str], error: VariableId, stages: Vec<Stage>) -> Self;
    fn finally(self, stages: Vec<Stage>) -> Self;
    fn retry(self, errors: &[&str], max: u64) -> Self;
}

impl StageExt for Stage {
    fn bind(mut self, variable: VariableId) -> Self {
        self.binds = Binding::Name(variable);
        self
    }

    fn catch(mut self, errors: &[&str], error: VariableId, stages: Vec<Stage>) -> Self {
        self.guard.catch.push(Handler {
            errors: errors.iter().map(|e| (*e).to_owned()).collect(),
            error,
            block: Block { stages },
            span: Span::default(),
        });
        self
    }

    fn finally(mut self, stages: Vec<Stage>) -> Self {
        self.guard.finally = Some(Block { stages });
        self
    }

    fn retry(mut self, errors: &[&str], max: u64) -> Self {
        self.guard.retry.push(Retry {
            errors: errors.iter().map(|e| (*e).to_owned()).collect(),
            interval_seconds: 2,
            max_attempts: max,
            backoff_rate: 2.0,
            max_delay_seconds: None,
            jitter: false,
        });
        self
    }
}

pub fn run(kind: ExprKind, ty: Type) -> Expr {
    Expr {
        kind,
        ty,
        time: Time::Run,
        span: Span::default(),
    }
}

pub fn text(text: &str) -> Expr {
    Expr::literal(
        Literal::String(text.to_owned()),
        Type::String,
        Span::default(),
    )
}

pub fn int(value: i64) -> Expr {
    Expr::literal(Literal::Number(value.into()), Type::Int, Span::default())
}

pub fn null() -> Expr {
    Expr::null(Span::default())
}

pub fn join(parts: Vec<Expr>) -> Expr {
    run(ExprKind::Template(parts), Type::String)
}

pub fn member(base: Expr, name: &str, ty: Type) -> Expr {
    let base = Box::new(base);
    let name = name.to_owned();
    run(ExprKind::Member { base, name }, ty)
}

pub fn binary(op: Binary, left: Expr, right: Expr, ty: Type) -> Expr {
    let (left, right) = (Box::new(left), Box::new(right));
    run(ExprKind::Binary { op, left, right }, ty)
}

pub fn eq(left: Expr, right: Expr) -> Expr {
    binary(Binary::Eq, left, right, Type::Bool)
}

pub fn object(members: Vec<(&str, Expr)>) -> Expr {
    let ty = Type::object(
        members
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.ty.clone(), false)),
    );
    let entries = members
        .into_iter()
        .map(|(key, value)| Entry::Pair {
            key: key.to_owned(),
            value,
        })
        .collect();
    run(ExprKind::Object(entries), ty)
}

pub fn list(values: Vec<Expr>) -> Expr {
    let elements = values
        .into_iter()
        .map(|value| Element {
            spread: false,
            value,
        })
        .collect();
    run(ExprKind::List(elements), Type::list(Type::Any))
}
