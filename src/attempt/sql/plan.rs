//! What one step asks of a database, ready to be asked.

use std::time::Duration;

use super::params::Param;
use crate::workflow::{SqlDoc, StatementDoc};

pub(super) struct Plan {
    pub(super) statements: Vec<Statement>,
    pub(super) read_only: bool,
    pub(super) transaction: bool,
    /// For the whole.
    pub(super) limit: Option<Duration>,
    pub(super) lock_limit: Option<Duration>,
}

pub(super) struct Statement {
    pub(super) text: String,
    pub(super) params: Vec<Param>,
}

impl Plan {
    /// `limit` is that of the attempt.
    pub(super) fn new(ask: SqlDoc, limit: Option<Duration>) -> Self {
        let lock_limit = ask.lock_timeout().or(limit);
        let single = ask.query.map(|query| StatementDoc {
            query,
            params: ask.params,
        });
        let several = ask.statements.into_iter().flatten().map(|one| one.0);
        Self {
            statements: single
                .into_iter()
                .chain(several)
                .map(Statement::new)
                .collect(),
            read_only: ask.read_only == Some(true),
            transaction: ask.transaction != Some(false),
            limit,
            lock_limit,
        }
    }
}

impl Statement {
    fn new(doc: StatementDoc) -> Self {
        let params = doc.params.unwrap_or_default();
        Self {
            text: doc.query,
            params: params.into_iter().map(Param).collect(),
        }
    }

    /// It only stores and removes what the transaction undoes. Functions may do what no rollback takes back.
    pub(super) fn is_undone(&self) -> bool {
        let word = self
            .text
            .trim_start()
            .split(|c: char| !c.is_ascii_alphabetic())
            .next();
        let known = [
            "insert", "update", "delete", "merge", "truncate", "create", "alter", "drop", "grant",
            "revoke", "comment", "lock",
        ];
        word.is_some_and(|word| known.contains(&word.to_ascii_lowercase().as_str()))
    }
}
