//! Where secrets come from. Their values never stand in the file.

use std::collections::BTreeMap;

use super::desk::{Desk, named};
use super::{ids, params};
use crate::workflow::document::{Document, SecretDoc};
use crate::workflow::plan::SecretSource;
use crate::yaml::At;

pub(super) fn secrets(
    desk: &mut Desk<'_>,
    document: &Document,
    root: At<'_>,
) -> BTreeMap<String, SecretSource> {
    let Some(secrets) = &document.secrets else {
        return BTreeMap::new();
    };
    named(root.down("secrets"), secrets)
        .filter_map(|(name, doc, at)| {
            params::check_name(desk, at, name, "secret");
            Some((name.to_owned(), source(desk, at, name, doc)?))
        })
        .collect()
}

fn source(desk: &mut Desk<'_>, at: At<'_>, name: &str, doc: &SecretDoc) -> Option<SecretSource> {
    let later = ["vault", "aws_secretsmanager"];
    desk.later(at, &later);
    let said: Vec<&str> = at.entries().map(|(key, _)| key).collect();
    if said.iter().any(|key| later.contains(key)) || desk.is_unread(at) {
        return None;
    }
    let source = match (&doc.env, &doc.file, &doc.command) {
        (Some(variable), None, None) => {
            if !ids::is_name(variable) {
                let message = format!("`{variable}` is not the name of an environment variable");
                desk.error("bad_name", at.down("env").span(), message)
                    .hint("name the variable here, not its value");
            }
            SecretSource::Env(variable.clone())
        }
        (None, Some(file), None) => {
            if file.trim().is_empty() {
                desk.error(
                    "empty_value",
                    at.down("file").span(),
                    "the file has no name",
                );
            }
            SecretSource::File(file.clone())
        }
        (None, None, Some(command)) => {
            if command
                .first()
                .is_none_or(|program| program.trim().is_empty())
            {
                let span = at.down("command").span();
                desk.error("empty_value", span, "the command is empty");
            }
            SecretSource::Command(command.clone())
        }
        _ => {
            let message = format!("secret `{name}` needs exactly one of env, file and command");
            desk.error("secret_source", at.key_span(), message)
                .hint("for example `{env: DB_PASSWORD}`");
            return None;
        }
    };
    Some(source)
}
