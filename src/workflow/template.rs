//! Text with `${{ }}` expressions in it, and bare expressions. Jinja's expression language, without blocks.
//! Only `template/language.rs` and `template/expression.rs` name minijinja.

mod expression;
mod language;
mod pieces;
mod rewrite;

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value as Json;

pub use expression::{Compared, Expr, Literal, Reference, Yields};
pub use pieces::BadText;
use pieces::Piece;

/// A text whose expressions have not been evaluated yet. Written down as its source.
#[derive(Clone, Debug)]
pub struct Template {
    source: Arc<str>,
    pieces: Arc<[Piece]>,
}

/// A text for one attempt: every expression evaluated but the secrets, which stay references until the attempt process
/// reads them. So a resolved text may be journaled and shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Filled {
    pub parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Text(String),
    /// The name of a declared secret.
    Secret(String),
}

/// A value with texts at its leaves (`http.json`, `set`). A leaf that is one whole expression keeps its type when filled.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tree<T> {
    /// null, true, false or a number
    Plain(Json),
    Text(T),
    List(Vec<Tree<T>>),
    Map(Vec<(String, Tree<T>)>),
}

/// Where an expression finds its names.
pub trait Scope {
    /// The value of a root name other than `steps` and `secrets`: `params`, `env`, `run`, `item`, `matrix`, `status`, `body`, ...
    fn root(&self, name: &str) -> Option<Json>;
    /// `{"status": WORD, "outputs": {..}}` of a step by its id.
    fn step(&self, id: &str) -> Option<Json>;
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} in `{source_text}`")]
pub struct EvalError {
    pub message: String,
    pub source_text: String,
}

impl Filled {
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            parts: vec![Part::Text(text.into())],
        }
    }

    /// What may be shown: each secret as `***`.
    pub fn masked(&self) -> String {
        self.parts
            .iter()
            .map(|p| match p {
                Part::Text(t) => t.as_str(),
                Part::Secret(_) => "***",
            })
            .collect()
    }

    /// The names of the secrets in this text.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|p| match p {
            Part::Secret(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }
}

impl<T> Tree<T> {
    /// All texts in it, wherever they stand.
    pub fn texts(&self) -> Vec<&T> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Text(text) => vec![text],
            Self::List(list) => list.iter().flat_map(Self::texts).collect(),
            Self::Map(map) => map.iter().flat_map(|(_, value)| value.texts()).collect(),
        }
    }
}

impl Tree<Filled> {
    /// Whether there is a secret anywhere in it.
    pub fn has_secret(&self) -> bool {
        let mut texts = self.texts().into_iter();
        texts.any(|text| text.secrets().next().is_some())
    }

    /// The values of a map, by their keys; of what is none, nothing.
    pub fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(map) => map,
            _ => &[],
        }
    }
}

impl Filled {
    /// Parses text typed by an operator: `${{ secrets.NAME }}` becomes a reference if `declared(NAME)`, and is refused
    /// if not; all else is literal.
    pub fn typed(text: &str, declared: &dyn Fn(&str) -> bool) -> Result<Self, EvalError> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        for span in pieces::spans(text) {
            let name = match &span {
                pieces::Span::Expression { inner, .. } => pieces::secret_name(inner),
                pieces::Span::Literal(_) | pieces::Span::Unclosed(_) => None,
            };
            let Some(name) = name else {
                literal.push_str(span.text());
                continue;
            };
            if !declared(name) {
                return Err(EvalError {
                    message: format!("there is no secret `{name}`"),
                    source_text: span.text().to_owned(),
                });
            }
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Secret(name.to_owned()));
        }
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }

    /// The text as an operator would type it: secrets as `${{ secrets.NAME }}`.
    pub fn editable(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Secret(name) => format!("${{{{ secrets.{name} }}}}"),
        };
        self.parts.iter().map(part).collect()
    }
}

impl Template {
    /// Reads a text of the file: finds its expressions and checks that they compile.
    pub fn parse(source: &str) -> Result<Self, BadText> {
        Ok(Self {
            pieces: pieces::parse(source)?.into(),
            source: source.into(),
        })
    }

    /// A text without expressions, whatever it looks like.
    pub fn literal(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            // So that the text stays literal when it is written down and read again.
            source: text.replace("${{", "${{ '${{' }}").into(),
            pieces: [Piece::Literal(text.into())].into(),
        }
    }

    pub fn source(&self) -> &str {
        &self.source
    }

    /// Holds no expression at all.
    pub fn is_constant(&self) -> bool {
        self.pieces.iter().all(|p| matches!(p, Piece::Literal(_)))
    }

    /// The text, if it holds no expression.
    pub fn constant(&self) -> Option<String> {
        let text = |piece: &Piece| match piece {
            Piece::Literal(text) => Some(text.to_string()),
            Piece::Value(_) | Piece::Secret(_) => None,
        };
        self.pieces.iter().map(text).collect()
    }

    /// The text up to the first expression.
    pub fn constant_start(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Literal(text)) => text,
            _ => "",
        }
    }

    /// Its expressions, without those that are a secret.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Value(expr) => Some(expr),
            Piece::Literal(_) | Piece::Secret(_) => None,
        })
    }

    /// The names of the secrets in it.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Secret(name) => Some(&**name),
            Piece::Literal(_) | Piece::Value(_) => None,
        })
    }

    /// Evaluates to text; secrets stay references.
    pub fn fill(&self, scope: &dyn Scope) -> Result<Filled, EvalError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        for piece in self.pieces.iter() {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Value(expr) => text.push_str(&as_text(expr.eval(scope)?)),
                Piece::Secret(name) => {
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(Part::Secret(name.to_string()));
                }
            }
        }
        if !text.is_empty() || parts.is_empty() {
            parts.push(Part::Text(text));
        }
        Ok(Filled { parts })
    }

    /// As `fill`, but a template that is one whole expression keeps the type of its value.
    pub fn value(&self, scope: &dyn Scope) -> Result<Tree<Filled>, EvalError> {
        match &*self.pieces {
            [Piece::Value(expr)] => Ok(Tree::of_json(expr.eval(scope)?)),
            _ => Ok(Tree::Text(self.fill(scope)?)),
        }
    }
}

/// A value in the middle of a text: nothing for null, JSON for lists and maps.
fn as_text(value: Json) -> String {
    match value {
        Json::String(text) => text,
        Json::Null => String::new(),
        other => other.to_string(),
    }
}

impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(&source).map_err(serde::de::Error::custom)
    }
}

impl Tree<Template> {
    pub fn fill(&self, scope: &dyn Scope) -> Result<Tree<Filled>, EvalError> {
        Ok(match self {
            Self::Plain(value) => Tree::Plain(value.clone()),
            Self::Text(template) => template.value(scope)?,
            Self::List(items) => {
                let items = items.iter().map(|item| item.fill(scope));
                Tree::List(items.collect::<Result<_, _>>()?)
            }
            Self::Map(entries) => {
                let fill = |(key, value): &(String, Self)| Ok((key.clone(), value.fill(scope)?));
                let entries = entries.iter().map(fill);
                Tree::Map(entries.collect::<Result<_, EvalError>>()?)
            }
        })
    }
}

impl Tree<Filled> {
    /// As plain JSON, each secret as `***`.
    pub fn masked_json(&self) -> Json {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Text(text) => Json::String(text.masked()),
            Self::List(items) => items.iter().map(Self::masked_json).collect(),
            Self::Map(entries) => {
                let entries = entries.iter().map(|(k, v)| (k.clone(), v.masked_json()));
                Json::Object(entries.collect())
            }
        }
    }

    fn of_json(value: Json) -> Self {
        match value {
            Json::String(text) => Self::Text(Filled::text(text)),
            Json::Array(items) => Self::List(items.into_iter().map(Self::of_json).collect()),
            Json::Object(entries) => {
                let entries = entries.into_iter().map(|(k, v)| (k, Self::of_json(v)));
                Self::Map(entries.collect())
            }
            plain => Self::Plain(plain),
        }
    }
}

#[cfg(test)]
mod tests;
