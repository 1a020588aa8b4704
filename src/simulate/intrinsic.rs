//! Intrinsic functions, `States.Format(…)` and its like, in the fields of JSONPath states.
//! <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>

mod functions;

use serde_json::Value;

use super::failure::{INTRINSIC_FAILURE, Trouble};
use super::jsonpath::Path;
use super::scene::Scene;
use functions::Function;

/// A parsed call.
#[derive(Clone, Debug)]
pub(super) struct Intrinsic {
    text: String,
    function: Function,
    args: Vec<Argument>,
}

#[derive(Clone, Debug)]
enum Argument {
    Literal(Value),
    Path(Path),
    Call(Intrinsic),
}

/// Calls nest no deeper than this.
const MOST_NESTED: usize = 10;

/// Whether a text is meant to be a call.
pub(super) fn is_call(text: &str) -> bool {
    text.starts_with("States.")
}

impl Intrinsic {
    /// The error says what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (call, rest) = parse_call(text, 1)?;
        if rest.trim().is_empty() {
            Ok(call)
        } else {
            Err(format!("unexpected `{rest}` behind the call"))
        }
    }

    pub fn evaluate(&self, scene: &Scene) -> Result<Value, Trouble> {
        let args = self.args.iter().map(|arg| match arg {
            Argument::Literal(value) => Ok(value.clone()),
            Argument::Call(call) => call.evaluate(scene),
            Argument::Path(path) => match scene.find(path) {
                Some(value) => Ok(value),
                None => Err(Trouble::Runtime(format!(
                    "The function '{}' had the following error: The JsonPath argument for the field '{}' could not be found in the input '{}'",
                    self.text,
                    path.text(),
                    scene.root.text()
                ))),
            },
        });
        let args: Vec<Value> = args.collect::<Result<_, _>>()?;
        self.function.call(args, scene.random).map_err(|reason| {
            let cause = format!(
                "The function '{}' had the following error: {reason}",
                self.text
            );
            Trouble::raised(INTRINSIC_FAILURE, cause)
        })
    }
}

fn parse_call(text: &str, depth: usize) -> Result<(Intrinsic, &str), String> {
    if depth > MOST_NESTED {
        return Err(format!("calls nest deeper than {MOST_NESTED}"));
    }
    let (name, mut rest) = text.split_once('(').ok_or("expected `(`")?;
    let name = name.trim();
    let function = Function::find(name).ok_or_else(|| format!("there is no function `{name}`"))?;
    let mut args = Vec::new();
    rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix(')') {
        rest = after;
    } else {
        loop {
            let (arg, after) = parse_argument(rest.trim_start(), depth)?;
            args.push(arg);
            rest = after.trim_start();
            if let Some(after) = rest.strip_prefix(',') {
                rest = after;
            } else if let Some(after) = rest.strip_prefix(')') {
                rest = after;
                break;
            } else {
                return Err("expected `,` or `)`".to_owned());
            }
        }
    }
    function.check_count(args.len())?;
    let call = Intrinsic {
        text: text[..text.len() - rest.len()].to_owned(),
        function,
        args,
    };
    Ok((call, rest))
}

fn parse_argument(text: &str, depth: usize) -> Result<(Argument, &str), String> {
    if is_call(text) {
        let (call, rest) = parse_call(text, depth + 1)?;
        return Ok((Argument::Call(call), rest));
    }
    if text.starts_with('\'') {
        let (content, rest) = parse_text(text)?;
        return Ok((Argument::Literal(Value::String(content)), rest));
    }
    if text.starts_with('$') {
        let end = path_end(text);
        let path = Path::parse(text[..end].trim_end())?;
        return Ok((Argument::Path(path), &text[end..]));
    }
    let end = text.find([',', ')']).unwrap_or(text.len());
    let word = text[..end].trim_end();
    let value = serde_json::from_str(word).map_err(|_| format!("`{word}` is no argument"))?;
    Ok((Argument::Literal(value), &text[end..]))
}

/// `'…'`. A backslash stands before `'`, `{`, `}` and `\` only. Before a brace it stays: `States.Format` reads it.
fn parse_text(text: &str) -> Result<(String, &str), String> {
    let mut content = String::new();
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Ok((content, &text[at + 1..])),
            '\\' => match chars.next() {
                Some((_, c @ ('\'' | '\\'))) => content.push(c),
                Some((_, c @ ('{' | '}'))) => {
                    content.push(functions::ESCAPED);
                    content.push(c);
                }
                _ => return Err("a backslash stands before `'`, `{`, `}` and `\\` only".to_owned()),
            },
            c => content.push(c),
        }
    }
    Err("a text is not closed".to_owned())
}

/// Where a path ends: at a comma or a bracket that is not its own.
fn path_end(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') if depth > 0 => depth -= 1,
            (None, ',' | ')') if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}
