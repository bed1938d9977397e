//! Parameters of a run: `-p name=value` and `--params FILE`, checked against what the workflow declares.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value as Json;

use super::args::ParamArgs;
use super::exit::Failure;
use super::out::{meant, quoted};
use crate::config::{read_regular, told};
use crate::workflow::{ParamProblem, Workflow};

/// What was given, not yet bound: values of the file first, then those of `-p`, which win.
pub(super) fn given(args: &ParamArgs) -> Result<BTreeMap<String, Json>, Failure> {
    let mut all = match &args.params {
        Some(path) => from_file(path)?,
        None => BTreeMap::new(),
    };
    let mut named: Vec<&str> = Vec::new();
    for text in &args.param {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Failure::usage(format!("-p {} has no `=`", quoted(text)))
                .hint("write -p name=value, for example -p target=eu-north")
        })?;
        if name.is_empty() {
            return Err(
                Failure::usage(format!("-p {} has no name before the `=`", quoted(text)))
                    .hint("write -p name=value"),
            );
        }
        if named.contains(&name) {
            return Err(Failure::usage(format!("-p {name} is given twice"))
                .hint("leave one of them out; a list is written -p name=a,b"));
        }
        named.push(name);
        all.insert(name.to_owned(), Json::String(value.to_owned()));
    }
    Ok(all)
}

fn from_file(path: &Path) -> Result<BTreeMap<String, Json>, Failure> {
    let file = path.display();
    let bytes = read_regular(path, 2 * 1024 * 1024)
        .map_err(|error| Failure::usage(format!("--params {file}: {error}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::usage(format!("--params {file}: is not UTF-8 text")))?;
    if text.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    crate::yaml::parse(&text).map_err(|mistakes| {
        Failure::usage(format!("--params {file}: {}", told(&mistakes)))
            .hint("one parameter a line: `name: value`, or a JSON object")
    })
}

/// All that is wrong with the parameters, as one message.
pub(super) fn refused(workflow: &Workflow, problems: &[ParamProblem]) -> Failure {
    let mut message = format!("workflow {}: the parameters do not fit", workflow.name);
    for problem in problems {
        let _ = write!(message, "\n  -p {}: {}", problem.param, problem.message);
        let declared = workflow.params.iter().map(|p| p.name.as_str());
        let is_declared = declared.clone().any(|n| n == problem.param);
        let hint = match (&problem.hint, is_declared) {
            (Some(hint), _) => Some(hint.clone()),
            (None, false) => {
                meant(&problem.param, declared).map(|name| format!("did you mean `{name}`?"))
            }
            (None, true) => None,
        };
        if let Some(hint) = hint {
            let _ = write!(message, " ({hint})");
        }
    }
    Failure::usage(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given_of(params: &[&str]) -> Result<BTreeMap<String, Json>, String> {
        let args = ParamArgs {
            param: params.iter().map(|p| (*p).to_owned()).collect(),
            params: None,
        };
        given(&args).map_err(|f| f.message)
    }

    #[test]
    fn each_mistake_names_the_argument() {
        assert_eq!(given_of(&["x"]).unwrap_err(), "-p `x` has no `=`");
        assert_eq!(
            given_of(&["=1"]).unwrap_err(),
            "-p `=1` has no name before the `=`"
        );
        assert_eq!(
            given_of(&["a=1", "a=2"]).unwrap_err(),
            "-p a is given twice"
        );
    }

    #[test]
    fn a_value_may_hold_anything() {
        let all = given_of(&["a=b=c", "empty="]).unwrap();
        assert_eq!(all["a"], "b=c");
        assert_eq!(all["empty"], "");
    }
}
