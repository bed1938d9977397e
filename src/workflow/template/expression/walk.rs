//! Reads the syntax tree of an expression: what it refers to, what it compares, what kind of value it gives.

use minijinja::machinery::ast::{BinOpKind, CallArg, CompareOpKind, Expr, UnaryOpKind};
use minijinja::value::{Value, ValueKind};

use super::super::language::{FILTERS, FUNCTIONS, OPEN_FILTERS, TESTS, TRUTH_FILTERS};
use super::super::pieces::BadText;
use super::bad;
use crate::yaml::did_you_mean;

/// A name with what follows it as far as it is fixed: `steps`, `db`, `outputs`, `endpoint`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    path: Vec<String>,
}

impl Reference {
    pub(in crate::workflow) fn new<const N: usize>(path: [&str; N]) -> Self {
        Self {
            path: path.map(str::to_owned).to_vec(),
        }
    }

    pub fn root(&self) -> &str {
        &self.path[0]
    }

    /// What follows the root.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.path[1..].iter().map(String::as_str)
    }

    /// As an author would write it.
    pub fn text(&self) -> String {
        self.path.join(".")
    }
}

/// `reference == constant`, or `!=`.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    pub reference: Reference,
    pub with: Literal,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    Text(String),
    Number,
    Truth,
    Other,
}

/// What kind of value an expression gives.
#[derive(Clone, Debug, PartialEq)]
pub enum Yields {
    Truth,
    /// What it gives instead, in words.
    NotTruth(&'static str),
    /// The value of this name.
    Reference(Reference),
    Anything,
}

#[derive(Debug)]
pub(super) struct Found {
    pub(super) references: Vec<Reference>,
    pub(super) compared: Vec<Compared>,
    pub(super) yields: Yields,
    pub(super) constant_text: Option<String>,
}

pub(super) fn walk(expr: &Expr<'_>) -> Result<Found, BadText> {
    let mut walker = Walker::default();
    walker.expr(expr)?;
    let constant_text = match expr {
        Expr::Const(c) => c.value.as_str().map(str::to_owned),
        _ => None,
    };
    Ok(Found {
        references: walker.references,
        compared: walker.compared,
        yields: yields(expr),
        constant_text,
    })
}

#[derive(Default)]
struct Walker {
    references: Vec<Reference>,
    compared: Vec<Compared>,
}

impl Walker {
    fn expr(&mut self, expr: &Expr<'_>) -> Result<(), BadText> {
        if let Some(reference) = reference(expr) {
            self.refer(reference);
            // Subscripts that are no constants may hold names too.
            return self.subscripts(expr);
        }
        match expr {
            Expr::Var(_) | Expr::Const(_) => Ok(()),
            Expr::Slice(s) => {
                self.expr(&s.expr)?;
                self.all([&s.start, &s.stop, &s.step].into_iter().flatten())
            }
            Expr::UnaryOp(op) => self.expr(&op.expr),
            Expr::BinOp(op) => {
                if matches!(op.op, BinOpKind::Eq | BinOpKind::Ne) {
                    self.compare(&op.left, &op.right);
                }
                self.all([&op.left, &op.right])
            }
            Expr::Compare(compare) => {
                let mut left = &compare.expr;
                for op in &compare.ops {
                    if matches!(op.op, CompareOpKind::Eq | CompareOpKind::Ne) {
                        self.compare(left, &op.expr);
                    }
                    left = &op.expr;
                }
                self.expr(&compare.expr)?;
                self.all(compare.ops.iter().map(|op| &op.expr))
            }
            Expr::IfExpr(e) => {
                self.all([&e.test_expr, &e.true_expr])?;
                self.all(&e.false_expr)
            }
            Expr::Filter(filter) => {
                known("filter", filter.name, FILTERS)?;
                self.all(&filter.expr)?;
                pattern(filter.name, &filter.args)?;
                self.arguments(&filter.args)
            }
            Expr::Test(test) => {
                known("test", test.name, TESTS)?;
                self.expr(&test.expr)?;
                pattern(test.name, &test.args)?;
                self.arguments(&test.args)
            }
            Expr::GetAttr(get) => self.expr(&get.expr),
            Expr::GetItem(get) => self.all([&get.expr, &get.subscript_expr]),
            Expr::Call(call) => {
                let Expr::Var(function) = &call.expr else {
                    let hint = "use a filter: `value | name`".to_owned();
                    return Err(bad(
                        "values have no functions to call".to_owned(),
                        Some(hint),
                    ));
                };
                known("function", function.id, FUNCTIONS)?;
                self.arguments(&call.args)
            }
            Expr::List(list) => self.all(&list.items),
            Expr::Tuple(tuple) => self.all(&tuple.items),
            Expr::Map(map) => {
                self.all(&map.keys)?;
                self.all(&map.values)
            }
        }
    }

    fn all<'a, 'b: 'a>(
        &mut self,
        exprs: impl IntoIterator<Item = &'a Expr<'b>>,
    ) -> Result<(), BadText> {
        exprs.into_iter().try_for_each(|expr| self.expr(expr))
    }

    fn arguments(&mut self, args: &[CallArg<'_>]) -> Result<(), BadText> {
        args.iter().try_for_each(|arg| match arg {
            CallArg::Pos(e)
            | CallArg::Kwarg(_, e)
            | CallArg::PosSplat(e)
            | CallArg::KwargSplat(e) => self.expr(e),
        })
    }

    fn subscripts(&mut self, expr: &Expr<'_>) -> Result<(), BadText> {
        match expr {
            Expr::GetAttr(get) => self.subscripts(&get.expr),
            Expr::GetItem(get) => {
                self.subscripts(&get.expr)?;
                self.expr(&get.subscript_expr)
            }
            _ => Ok(()),
        }
    }

    fn refer(&mut self, reference: Reference) {
        if !self.references.contains(&reference) {
            self.references.push(reference);
        }
    }

    fn compare(&mut self, left: &Expr<'_>, right: &Expr<'_>) {
        for (name, constant) in [(left, right), (right, left)] {
            if let (Some(reference), Expr::Const(constant)) = (reference(name), constant) {
                let with = literal(&constant.value);
                self.compared.push(Compared { reference, with });
            }
        }
    }
}

/// A pattern that is a constant must be one.
fn pattern(name: &str, args: &[CallArg<'_>]) -> Result<(), BadText> {
    if name == "matches"
        && let Some(CallArg::Pos(Expr::Const(pattern))) = args.first()
        && let Some(text) = pattern.value.as_str()
        && let Err(error) = regex::Regex::new(text)
    {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim();
        let message = format!("`{text}` is not a pattern: {why}");
        return Err(bad(message, None));
    }
    Ok(())
}

/// The fixed path that this expression begins with, if it begins with a name.
fn reference(expr: &Expr<'_>) -> Option<Reference> {
    let (path, _) = path_of(expr)?;
    Some(Reference { path })
}

/// The path, and whether nothing that is not fixed has come yet.
fn path_of(expr: &Expr<'_>) -> Option<(Vec<String>, bool)> {
    let (parent, name) = match expr {
        Expr::Var(var) => return Some((vec![var.id.to_owned()], true)),
        Expr::GetAttr(get) => (&get.expr, Some(get.name)),
        Expr::GetItem(get) => {
            let name = match &get.subscript_expr {
                Expr::Const(constant) => constant.value.as_str(),
                _ => None,
            };
            (&get.expr, name)
        }
        _ => return None,
    };
    let (mut path, fixed) = path_of(parent)?;
    match name {
        Some(name) if fixed => {
            path.push(name.to_owned());
            Some((path, true))
        }
        _ => Some((path, false)),
    }
}

fn known(what: &str, name: &str, names: &[&str]) -> Result<(), BadText> {
    if names.contains(&name) {
        return Ok(());
    }
    let hint = did_you_mean(name, names.iter().copied());
    Err(bad(format!("there is no {what} `{name}`"), hint))
}

fn literal(value: &Value) -> Literal {
    match value.kind() {
        ValueKind::String => Literal::Text(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Number => Literal::Number,
        ValueKind::Bool => Literal::Truth,
        _ => Literal::Other,
    }
}

fn yields(expr: &Expr<'_>) -> Yields {
    use Yields::{Anything, NotTruth, Truth};
    match expr {
        Expr::Const(constant) => match literal(&constant.value) {
            Literal::Truth => Truth,
            Literal::Text(_) => NotTruth("a text"),
            Literal::Number => NotTruth("a number"),
            Literal::Other => NotTruth("a list, a map or nothing"),
        },
        Expr::UnaryOp(op) => match op.op {
            UnaryOpKind::Not => Truth,
            UnaryOpKind::Neg => NotTruth("a number"),
        },
        Expr::Compare(_) | Expr::Test(_) => Truth,
        Expr::BinOp(op) => match op.op {
            BinOpKind::ScAnd | BinOpKind::ScOr => both(&op.left, &op.right),
            BinOpKind::Concat => NotTruth("a text"),
            BinOpKind::Add
            | BinOpKind::Sub
            | BinOpKind::Mul
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
            | BinOpKind::Pow => NotTruth("a sum, a product or a text"),
            _ => Truth,
        },
        Expr::IfExpr(e) => match &e.false_expr {
            Some(otherwise) => both(&e.true_expr, otherwise),
            None => Anything,
        },
        Expr::Filter(filter) if TRUTH_FILTERS.contains(&filter.name) => Truth,
        Expr::Filter(filter) if OPEN_FILTERS.contains(&filter.name) => Anything,
        Expr::Filter(_) => NotTruth("what a filter makes, a text, a number or a list"),
        Expr::Call(_) | Expr::List(_) | Expr::Tuple(_) | Expr::Slice(_) => NotTruth("a list"),
        Expr::Map(_) => NotTruth("a map"),
        Expr::Var(_) | Expr::GetAttr(_) | Expr::GetItem(_) => match path_of(expr) {
            Some((path, true)) => Yields::Reference(Reference { path }),
            _ => Anything,
        },
    }
}

/// Either of the two may be the value.
fn both(left: &Expr<'_>, right: &Expr<'_>) -> Yields {
    match (yields(left), yields(right)) {
        (Yields::NotTruth(what), _) | (_, Yields::NotTruth(what)) => Yields::NotTruth(what),
        (Yields::Truth, Yields::Truth) => Yields::Truth,
        _ => Yields::Anything,
    }
}
