//! What lies in front of the panes and takes the keys. One thing at a time.

use tui_input::Input;

use super::dialog::{Aim, Dialog};
use crate::id::StepId;
use crate::run::{Actor, Command};
use crate::time::Timestamp;
use crate::tui::keys::Act;

#[derive(Clone, Debug, Default)]
pub(crate) enum Front {
    #[default]
    None,
    /// One line: `y` or `n`.
    Confirm(Confirm),
    Dialog(Box<Dialog>),
    Checklist(Checklist),
    Menu(Menu),
    Prompt(Prompt),
    Palette(Pick),
    Help(Pick),
}

#[derive(Clone, Debug)]
pub(crate) struct Confirm {
    pub question: String,
    pub what: Confirmed,
    pub aim: Option<Aim>,
    pub drawn: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Confirmed {
    Send(Command),
    Detach,
    Shell,
    /// To whoever asks for the controls: `y` hands them over, `n` keeps them.
    Answer(Box<Actor>),
}

/// The items of a checklist step, ticked one by one.
#[derive(Clone, Debug)]
pub(crate) struct Checklist {
    pub index: usize,
    pub step: StepId,
    pub at: usize,
    /// The value that the item asks for, or a note, while it is typed.
    pub input: Option<Typing>,
    pub drawn: Option<Timestamp>,
}

#[derive(Clone, Debug)]
pub(crate) struct Typing {
    pub note: bool,
    pub input: Input,
}

/// A few choices, each with a letter.
#[derive(Clone, Debug)]
pub(crate) struct Menu {
    pub title: &'static str,
    pub items: &'static [Item],
    pub at: usize,
    pub drawn: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub key: char,
    pub label: &'static str,
    pub does: Chosen,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen {
    Stay,
    Detach,
    PauseAndQuit,
    Abort,
    CopyName,
    CopyError,
    CopyCommand,
    CopyLog,
    SaveLog,
    SaveReport,
}

pub(crate) const QUIT: &[Item] = &[
    Item {
        key: 's',
        label: "stay",
        does: Chosen::Stay,
    },
    Item {
        key: 'd',
        label: "detach: the run goes on without a screen",
        does: Chosen::Detach,
    },
    Item {
        key: 'p',
        label: "pause and quit: running steps finish, nothing starts",
        does: Chosen::PauseAndQuit,
    },
    Item {
        key: 'X',
        label: "abort the run ...",
        does: Chosen::Abort,
    },
];

pub(crate) const COPY: &[Item] = &[
    Item {
        key: 'n',
        label: "name of the step",
        does: Chosen::CopyName,
    },
    Item {
        key: 'e',
        label: "error",
        does: Chosen::CopyError,
    },
    Item {
        key: 'c',
        label: "command, secrets masked",
        does: Chosen::CopyCommand,
    },
    Item {
        key: 'l',
        label: "log lines on the screen",
        does: Chosen::CopyLog,
    },
];

pub(crate) const SAVE: &[Item] = &[
    Item {
        key: 'l',
        label: "the log that is shown",
        does: Chosen::SaveLog,
    },
    Item {
        key: 'r',
        label: "a report on the run so far",
        does: Chosen::SaveReport,
    },
];

/// One line of text at the foot of the screen.
#[derive(Clone, Debug)]
pub(crate) struct Prompt {
    pub what: Asked,
    pub input: Input,
    /// Why it cannot be taken as it is.
    pub problem: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Filter,
    FilterRuns,
    Search,
    Note,
    SaveLog,
    SaveReport,
    Reload,
}

/// A list that typing narrows: the palette, the help.
#[derive(Clone, Debug)]
pub(crate) struct Pick {
    pub input: Input,
    /// What is left, best first.
    pub acts: Vec<Act>,
    pub at: usize,
}

impl Front {
    /// Notes when what lies in front was first on the screen.
    pub(crate) fn drawn(&mut self, at: Timestamp) {
        let drawn = match self {
            Self::Confirm(confirm) => &mut confirm.drawn,
            Self::Dialog(dialog) => &mut dialog.drawn,
            Self::Checklist(list) => &mut list.drawn,
            Self::Menu(menu) => &mut menu.drawn,
            Self::None | Self::Prompt(_) | Self::Palette(_) | Self::Help(_) => return,
        };
        drawn.get_or_insert(at);
    }
}
