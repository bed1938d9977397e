//! What is said over a link. Closed lists, as data; a message that this version does not know ends the connection.

use serde::{Deserialize, Serialize};

use crate::engine::Progress;
use crate::id::RunId;
use crate::run::{Actor, Command, Refusal, Seen};

/// Version of these messages. Both sides must speak the same.
pub const VERSION: u32 = 1;

/// What somebody attaches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A screen, which stays and may take the controls.
    Screen,
    /// A screen that never commands: the server holds it to that.
    Watcher,
    /// One command, and gone.
    Command,
}

/// From whoever attached to the engine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// The first message.
    Hello { version: u32, role: Role },
    /// `number` is given back with the receipt.
    Command {
        number: u64,
        command: Command,
        #[serde(default)]
        seen: Option<Seen>,
    },
    /// Still there. Answered with the same.
    Beat,
}

/// From the engine's side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "tell", rename_all = "snake_case")]
pub enum Tell {
    /// The answer to `hello`; `actor` is who the kernel says has attached.
    Welcome {
        version: u32,
        run: RunId,
        actor: Box<Actor>,
        progress: Progress,
    },
    /// The command with this number is durable, or was refused.
    Receipt {
        number: u64,
        refused: Option<Refusal>,
    },
    /// How far the journal can be read. Only the latest is sent: `late_ms` says for how long what came before found no reader.
    Progress {
        progress: Progress,
        #[serde(default)]
        late_ms: u64,
    },
    Beat,
    /// The last message: why this connection ends.
    Bye {
        why: String,
    },
}
