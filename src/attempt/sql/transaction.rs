//! The statements of a step, in one transaction.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use serde_json::{Value as Json, json};
use tokio::sync::mpsc::UnboundedSender;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use super::super::call::{Answer, Trouble};
use super::super::postgres::{Session, Target, from_server, is_lost, place, row, told};
use super::plan::{Plan, Statement};
use super::settle::{Fate, Transaction};

/// Of one answer: more is counted, but not kept.
const ROWS_MAX: usize = 1000;
const BYTES_MAX: usize = 48 << 10;
/// A transaction whose client has gone silent between two statements gives its locks back.
const IDLE: &str = "10s";

/// Milliseconds that a limit of PostgreSQL may have.
const LIMIT_MAX: u128 = i32::MAX as u128;

/// Something to be told while it goes on.
pub(super) enum Note {
    Line(String),
    Status(String),
}

pub(super) struct Asking {
    session: Session,
    target: Target,
    notes: UnboundedSender<Note>,
}

/// What one statement gave.
struct Given {
    rows: Vec<Json>,
    count: u64,
    truncated: bool,
}

impl Asking {
    pub(super) fn new(session: Session, target: Target, notes: UnboundedSender<Note>) -> Self {
        Self {
            session,
            target,
            notes,
        }
    }

    fn say(&self, line: String) {
        // Nobody listens any more when the attempt has been stopped.
        let _ = self.notes.send(Note::Line(line));
    }

    pub(super) async fn ask(self, plan: Plan) -> Result<Answer, Trouble> {
        if !plan.transaction {
            return self.alone(&plan).await;
        }
        let transaction = self.begin(&plan).await?;
        let mut given = Vec::new();
        let many = plan.statements.len();
        for (n, statement) in plan.statements.iter().enumerate() {
            if many > 1 {
                let words = format!("statement {} of {many}", n + 1);
                let _ = self.notes.send(Note::Status(words));
            }
            let which = if many > 1 {
                format!("statement {}: ", n + 1)
            } else {
                String::new()
            };
            let one = self.statement(statement).await.map_err(|error| {
                let undone = plan.read_only || statement.is_undone();
                self.trouble(&error, statement, &which, undone)
            })?;
            given.push(one);
        }
        self.commit(transaction).await?;
        Ok(answer(given, many > 1))
    }

    /// Outside of any transaction of ours: what is cut may have been done.
    async fn alone(&self, plan: &Plan) -> Result<Answer, Trouble> {
        self.set(plan, false).await?;
        let mut given = Vec::new();
        for statement in &plan.statements {
            let one = self.statement(statement).await;
            let one = one.map_err(|wrong| match wrong {
                Wrong::Unshown(why) => Trouble::Unknown(format!("it was done, but {why}")),
                wrong => self.trouble(&wrong, statement, "", plan.read_only),
            });
            given.push(one?);
        }
        Ok(answer(given, false))
    }

    /// Nothing has been asked for yet, so all that goes wrong is definite. Without a transaction that changes something
    /// there is none to be asked for later.
    async fn begin(&self, plan: &Plan) -> Result<Option<Transaction>, Trouble> {
        let client = &self.session.client;
        let identity = if plan.read_only {
            None
        } else {
            Transaction::server(client).await
        };
        let begin = if plan.read_only {
            "BEGIN READ ONLY"
        } else {
            "BEGIN"
        };
        client
            .batch_execute(begin)
            .await
            .map_err(|e| not_begun(&e))?;
        self.set(plan, true).await?;
        if plan.read_only {
            return Ok(None);
        }
        let transaction = Transaction::current(client, identity).await;
        let transaction = transaction.map_err(|e| no_changes(&e))?;
        self.say(format!("transaction {}", transaction.number()));
        Ok(Some(transaction))
    }

    /// Limits, so that the server gives up by itself when nobody is there any more to cancel.
    async fn set(&self, plan: &Plan, local: bool) -> Result<(), Trouble> {
        let text = "select set_config(name, value, $1) from unnest($2::text[], $3::text[]) as s(name, value)";
        let mut settings = Vec::new();
        for (name, limit) in [
            ("statement_timeout", plan.limit),
            ("lock_timeout", plan.lock_limit),
        ] {
            if let Some(limit) = limit {
                let most = limit.as_millis().min(LIMIT_MAX);
                settings.push((name, format!("{most}ms")));
            }
        }
        if local {
            settings.push(("idle_in_transaction_session_timeout", IDLE.to_owned()));
        }
        let (names, values): (Vec<&str>, Vec<String>) = settings.into_iter().unzip();
        let set = self
            .session
            .client
            .query(text, &[&local, &names, &values])
            .await;
        set.map(|_| ()).map_err(|e| not_begun(&e))
    }

    async fn statement(&self, statement: &Statement) -> Result<Given, Wrong> {
        let client = &self.session.client;
        let prepared = client.prepare(&statement.text).await?;
        let (used, given) = (prepared.params().len(), statement.params.len());
        if used != given {
            let message = format!("the statement has {used} parameters, {given} are given");
            return Err(Wrong::Ours(message));
        }
        let mut stream = pin!(client.query_raw(&prepared, &statement.params).await?);
        let (mut rows, mut count, mut bytes) = (Vec::new(), 0_u64, 0);
        let mut truncated = false;
        while let Some(found) = stream.try_next().await? {
            count += 1;
            truncated |= rows.len() >= ROWS_MAX || bytes > BYTES_MAX;
            if truncated {
                continue;
            }
            let shown = row(&found).map_err(Wrong::Unshown)?;
            bytes += shown.to_string().len();
            if bytes > BYTES_MAX && !rows.is_empty() {
                truncated = true;
            } else {
                rows.push(shown);
            }
        }
        let count = stream.rows_affected().unwrap_or(count);
        if truncated {
            self.say(format!(
                "{count} rows, of which the first {} are kept: an output has at most {ROWS_MAX} rows and 48 KiB",
                rows.len()
            ));
        } else {
            self.say(format!(
                "{count} {}",
                if count == 1 { "row" } else { "rows" }
            ));
        }
        Ok(Given {
            rows,
            count,
            truncated,
        })
    }

    /// `undone`: a session that is cut leaves nothing behind.
    fn trouble(&self, wrong: &Wrong, statement: &Statement, which: &str, undone: bool) -> Trouble {
        let error = match wrong {
            Wrong::Ours(why) | Wrong::Unshown(why) => {
                return Trouble::Failed(format!("{which}{why}"));
            }
            Wrong::Server(error) => error,
        };
        if is_lost(error) {
            let why = format!("{which}the connection was cut ({})", told(error));
            return if undone {
                Trouble::Unreached(format!("{why} before COMMIT: nothing was changed"))
            } else {
                Trouble::Unknown(format!("{why} after it was sent: it may have taken effect"))
            };
        }
        if let Some((line, caret)) = place(error, &statement.text) {
            self.say(format!("  {line}"));
            self.say(format!("  {caret}"));
        }
        let mut why = format!("{which}{}", told(error));
        let near = place(error, &statement.text).map(|(line, caret)| {
            line.chars()
                .skip(caret.chars().count() - 1)
                .take(30)
                .collect::<String>()
        });
        if let Some(near) = near {
            why = format!("{why}; at: {}", near.trim_end());
        }
        classified(error, why)
    }

    /// A transaction that is cut here is asked for on a new connection.
    async fn commit(&self, transaction: Option<Transaction>) -> Result<(), Trouble> {
        let Err(error) = self.session.client.batch_execute("COMMIT").await else {
            return Ok(());
        };
        if !is_lost(&error) {
            return Err(classified(
                &error,
                format!("not committed: {}", told(&error)),
            ));
        }
        let Some(transaction) = transaction else {
            let why = format!("the connection was cut ({})", told(&error));
            return Err(Trouble::Unreached(why));
        };
        self.say(format!(
            "COMMIT was sent, then the connection was cut ({})",
            told(&error)
        ));
        let number = transaction.number();
        match transaction.fate(&self.target).await {
            Fate::Committed => {
                self.say(format!(
                    "transaction {number} is committed, says the server"
                ));
                Ok(())
            }
            Fate::RolledBack => Err(Trouble::Unreached(format!(
                "the connection was cut at COMMIT, and transaction {number} was rolled back, says the server"
            ))),
            Fate::Unknown(why) => Err(Trouble::Unknown(format!(
                "the connection was cut at COMMIT, and whether transaction {number} is committed is not known: {why}; ask by `select txid_status({number})`"
            ))),
        }
    }
}

/// What went wrong with one statement.
enum Wrong {
    Server(Error),
    /// It was not asked.
    Ours(String),
    /// It was asked, and what it gave cannot be shown.
    Unshown(String),
}

impl From<Error> for Wrong {
    fn from(error: Error) -> Self {
        Self::Server(error)
    }
}

fn not_begun(error: &Error) -> Trouble {
    let why = told(error);
    match from_server(error) {
        Some(_) => Trouble::Failed(why),
        None => Trouble::Unreached(format!(
            "the connection was cut before anything was asked: {why}"
        )),
    }
}

/// A standby has no transactions that change something.
fn no_changes(error: &Error) -> Trouble {
    if error.code() == Some(&SqlState::READ_ONLY_SQL_TRANSACTION) {
        let why = told(error);
        return Trouble::Unreached(format!(
            "this server only reads ({why}): ask the primary, or write `read_only: true`"
        ));
    }
    not_begun(error)
}

/// What the server refused may be otherwise another time, if it is about others who were there too.
fn classified(error: &Error, why: String) -> Trouble {
    let passing = [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::READ_ONLY_SQL_TRANSACTION,
    ];
    let code = error.code();
    let why = match code {
        Some(code) if *code == SqlState::ACTIVE_SQL_TRANSACTION => {
            format!("{why}; write `transaction: false`")
        }
        _ => why,
    };
    match code {
        Some(code) if passing.contains(code) => Trouble::Unreached(why),
        _ => Trouble::Failed(why),
    }
}

fn answer(given: Vec<Given>, several: bool) -> Answer {
    let counts: Vec<u64> = given.iter().map(|one| one.count).collect();
    let mut answer = Answer::new();
    if let Some(last) = given.into_iter().next_back() {
        answer.insert("rows".to_owned(), last.rows.into());
        answer.insert("count".to_owned(), json!(last.count));
        answer.insert("truncated".to_owned(), json!(last.truncated));
    }
    if several {
        answer.insert("counts".to_owned(), json!(counts));
    }
    answer
}
