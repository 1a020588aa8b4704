//! Operators: where JSONata's own see nothing instead of null, or text instead of moments, something stands around them.

use super::code::{Code, Demand, Level};
use super::writer::{
    Writer, can_be_null, is_bool, is_list, is_nullable, is_timestamp, may_be_list, present,
};
use crate::ir::types::Type;
use crate::ir::{Binary, Expr, ExprKind, Literal, Unary};

impl Writer<'_> {
    pub(super) fn binary(
        &mut self,
        expr: &Expr,
        op: Binary,
        left: &Expr,
        right: &Expr,
        demand: Demand,
    ) -> Code {
        match op {
            Binary::Coalesce => self.coalesce(left, right, demand),
            Binary::Or => self.junction("or", Level::Or, left, right),
            Binary::And => self.junction("and", Level::And, left, right),
            Binary::Eq => self.equality(left, right, false),
            Binary::Ne => self.equality(left, right, true),
            Binary::Lt => self.ordering("<", left, right, demand),
            Binary::Le => self.ordering("<=", left, right, demand),
            Binary::Gt => self.ordering(">", left, right, demand),
            Binary::Ge => self.ordering(">=", left, right, demand),
            Binary::In => self.membership(left, right),
            Binary::Add | Binary::Sub if is_timestamp(&left.ty) || is_timestamp(&right.ty) => {
                self.time_arithmetic(expr, op, left, right)
            }
            Binary::Add => self.arithmetic("+", Level::Sum, left, right, demand),
            Binary::Sub => self.arithmetic("-", Level::Sum, left, right, demand),
            Binary::Mul => self.arithmetic("*", Level::Product, left, right, demand),
            Binary::Div => self.arithmetic("/", Level::Product, left, right, demand),
            Binary::Rem => self.arithmetic("%", Level::Product, left, right, demand),
        }
    }

    fn coalesce(&mut self, left: &Expr, right: &Expr, demand: Demand) -> Code {
        let code = self.loose(left);
        if !code.missing && !can_be_null(left) {
            return code;
        }
        let bound = self.bind(code);
        let right = self.emit(right, demand.part());
        let value = Code::new(
            format!(
                "{} != null ? {} : {}",
                bound.code.above(Level::Comparison),
                bound.code.text,
                right.text
            ),
            Level::Conditional,
        )
        .missing(right.missing);
        self.close(bound, value)
    }

    /// A condition. JSONata takes every value for one; here what is no bool is an error.
    pub(super) fn truth(&mut self, expr: &Expr, demand: Demand) -> Code {
        if is_bool(&expr.ty) {
            return self.emit(expr, demand.part());
        }
        let code = self.loose(expr);
        let bound = self.bind(code);
        let text = &bound.code.text;
        let checked = Code::new(
            format!("$type({text}) = 'boolean' ? {text} : $error('the condition is not a bool')"),
            Level::Conditional,
        );
        self.close(bound, checked)
    }

    fn junction(&mut self, word: &str, level: Level, left: &Expr, right: &Expr) -> Code {
        let left = self.truth(left, Demand::Value);
        let right = self.truth(right, Demand::Value);
        Code::new(
            format!("{} {word} {}", left.at(level), right.at(level)),
            level,
        )
    }

    pub(super) fn not(&mut self, operand: &Expr, demand: Demand) -> Code {
        match &operand.kind {
            ExprKind::Binary {
                op: Binary::Eq,
                left,
                right,
            } => return self.equality(left, right, true),
            ExprKind::Binary {
                op: Binary::Ne,
                left,
                right,
            } => return self.equality(left, right, false),
            ExprKind::Unary {
                op: Unary::Not,
                operand,
            } if is_bool(&operand.ty) => return self.emit(operand, demand.part()),
            _ => {}
        }
        let operand = self.truth(operand, Demand::Value);
        Code::path(format!("$not({})", operand.text))
    }

    /// In JSONata neither `=` nor `!=` holds when a side is not there.
    fn equality(&mut self, left: &Expr, right: &Expr, negated: bool) -> Code {
        if right.as_literal() == Some(&Literal::Null) {
            return self.null_test(left, negated);
        }
        if left.as_literal() == Some(&Literal::Null) {
            return self.null_test(right, negated);
        }
        // Nothing on one side alone is unequal to every value that is not null on the other.
        let demand = if can_be_null(left) && can_be_null(right) {
            Demand::Value
        } else {
            Demand::Loose
        };
        let moments = is_timestamp(&left.ty) && is_timestamp(&right.ty);
        let left = self.compared(left, demand, moments);
        let right = self.compared(right, demand, moments);
        let sides = |op: &str| {
            format!(
                "{} {op} {}",
                left.above(Level::Comparison),
                right.above(Level::Comparison)
            )
        };
        match (negated, left.missing || right.missing) {
            (false, _) => Code::new(sides("="), Level::Comparison),
            (true, false) => Code::new(sides("!="), Level::Comparison),
            (true, true) => Code::path(format!("$not({})", sides("="))),
        }
    }

    fn null_test(&mut self, expr: &Expr, negated: bool) -> Code {
        let code = self.loose(expr);
        let side = code.above(Level::Comparison);
        match (negated, code.missing) {
            (true, _) => Code::new(format!("{side} != null"), Level::Comparison),
            (false, false) => Code::new(format!("{side} = null"), Level::Comparison),
            (false, true) => Code::path(format!("$not({side} != null)")),
        }
    }

    fn compared(&mut self, expr: &Expr, demand: Demand, moments: bool) -> Code {
        if !moments {
            return self.emit(expr, demand);
        }
        if !can_be_null(expr) {
            return self.millis(expr);
        }
        let code = self.loose(expr);
        let bound = self.bind(code);
        let millis = Code::new(
            format!(
                "{} != null ? $toMillis({}){}",
                bound.code.above(Level::Comparison),
                bound.code.text,
                if demand == Demand::Loose {
                    ""
                } else {
                    " : null"
                }
            ),
            Level::Conditional,
        )
        .missing(demand == Demand::Loose);
        self.close(bound, millis)
    }

    fn ordering(&mut self, op: &str, left: &Expr, right: &Expr, demand: Demand) -> Code {
        let (left, right) = if is_timestamp(&left.ty) || is_timestamp(&right.ty) {
            (self.millis(left), self.millis(right))
        } else {
            (
                self.emit(left, demand.operand()),
                self.emit(right, demand.operand()),
            )
        };
        Code::new(
            format!(
                "{} {op} {}",
                left.above(Level::Comparison),
                right.above(Level::Comparison)
            ),
            Level::Comparison,
        )
    }

    fn arithmetic(
        &mut self,
        op: &str,
        level: Level,
        left: &Expr,
        right: &Expr,
        demand: Demand,
    ) -> Code {
        let left = self.emit(left, demand.operand());
        let right = self.emit(right, demand.operand());
        Code::new(
            format!("{} {op} {}", left.at(level), right.above(level)),
            level,
        )
    }

    /// JSONata's `in` looks for the same scalar; lists and objects are compared in depth.
    fn membership(&mut self, left: &Expr, right: &Expr) -> Code {
        let element = element_type(&right.ty);
        if is_timestamp(&left.ty) && is_timestamp(&element) {
            let left = self.compared(left, Demand::Value, true);
            let list = self.loose(right);
            let name = self.enter("t");
            let code = Code::new(
                format!(
                    "{} in $map({}, function({name}) {{ $toMillis({name}) }})",
                    left.above(Level::Comparison),
                    list.text
                ),
                Level::Comparison,
            );
            self.leave(&name);
            return code;
        }
        let item = if is_nullable(&element) && can_be_null(left) {
            self.value(left)
        } else {
            self.loose(left)
        };
        let list = self.loose(right);
        if !may_be_compound(&left.ty) || !may_be_compound(&element) {
            return Code::new(
                format!(
                    "{} in {}",
                    item.above(Level::Comparison),
                    list.above(Level::Comparison)
                ),
                Level::Comparison,
            );
        }
        let bound = self.bind(item);
        let name = self.enter("item");
        let found = Code::path(format!(
            "$exists($filter({}, function({name}) {{ {name} = {} }}))",
            list.text,
            bound.code.above(Level::Comparison)
        ));
        self.leave(&name);
        self.close(bound, found)
    }

    fn time_arithmetic(&mut self, expr: &Expr, op: Binary, left: &Expr, right: &Expr) -> Code {
        if is_timestamp(&expr.ty) {
            let millis = self.shifted(op, left, right);
            return Code::path(format!("$fromMillis({})", millis.text));
        }
        let left = self.millis(left);
        let right = self.millis(right);
        Code::new(
            format!(
                "({} - {}) / 1000",
                left.at(Level::Sum),
                right.above(Level::Sum)
            ),
            Level::Product,
        )
    }

    /// The milliseconds of a timestamp and a number of seconds.
    fn shifted(&mut self, op: Binary, left: &Expr, right: &Expr) -> Code {
        let (moment, seconds) = if is_timestamp(&left.ty) {
            (left, right)
        } else {
            (right, left)
        };
        let moment = self.millis(moment);
        let millis = match seconds.as_literal() {
            Some(Literal::Number(number)) => {
                match number.as_i64().and_then(|n| n.checked_mul(1000)) {
                    Some(millis) => Code::atom(millis.to_string()),
                    None => Code::new(format!("{number} * 1000"), Level::Product),
                }
            }
            _ => {
                let seconds = self.value(seconds);
                Code::new(
                    format!("{} * 1000", seconds.at(Level::Product)),
                    Level::Product,
                )
            }
        };
        let sign = if op == Binary::Sub { "-" } else { "+" };
        Code::new(
            format!(
                "{} {sign} {}",
                moment.at(Level::Sum),
                millis.above(Level::Sum)
            ),
            Level::Sum,
        )
    }

    /// A timestamp as a number.
    pub(super) fn millis(&mut self, expr: &Expr) -> Code {
        match &expr.kind {
            ExprKind::Function { function, args }
                if function.jsonata == "now" && args.is_empty() =>
            {
                Code::path("$millis()")
            }
            ExprKind::Binary {
                op: op @ (Binary::Add | Binary::Sub),
                left,
                right,
            } if is_timestamp(&expr.ty) => self.shifted(*op, left, right),
            _ => {
                let code = self.value(expr);
                Code::path(format!("$toMillis({})", code.text))
            }
        }
    }
}

/// The type of a list's elements.
pub(super) fn element_type(list: &Type) -> Type {
    match present(list) {
        Type::List(element) => element.as_ref().clone(),
        Type::Shape(shape) => match shape.kind() {
            crate::catalog::shape::ShapeKind::List { element, .. } => {
                Type::Shape(shape.at(*element))
            }
            _ => Type::Any,
        },
        _ => Type::Any,
    }
}

fn may_be_compound(ty: &Type) -> bool {
    use crate::catalog::shape::ShapeKind;
    may_be_list(ty)
        || is_list(ty)
        || match ty {
            Type::Object(_) | Type::Map(_) => true,
            Type::Optional(inner) => may_be_compound(inner),
            Type::Union(members) => members.iter().any(may_be_compound),
            Type::Shape(shape) => {
                matches!(
                    shape.kind(),
                    ShapeKind::Structure { .. } | ShapeKind::Map { .. }
                )
            }
            _ => false,
        }
}
