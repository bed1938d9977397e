//! Keys on the home screen, and its pictures.

use std::collections::BTreeMap;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::json;

use super::Home;
use crate::id::RunId;
use crate::run::{Contrast, Kind};
use crate::time::Timestamp;
use crate::tui::app::App;
use crate::tui::keys::{Key, Keymap, Own, parse_chord};
use crate::tui::looks::Wanted;
use crate::tui::message::{Message, Request};
use crate::tui::options::Choice;
use crate::tui::source::{Like, WorkflowEntry};
use crate::tui::tests::{golden, options, past_runs, text_of, themed};
use crate::workflow::{ParamKind, ParamSpec, Workflow};

struct Visit {
    home: Home,
    now: Timestamp,
    asked: Vec<Request>,
}

impl Visit {
    fn new() -> Self {
        Self::at(Home::new(&options()))
    }

    fn at(home: Home) -> Self {
        let mut visit = Self {
            home,
            now: options().now(),
            asked: Vec::new(),
        };
        visit.drawn();
        visit
    }

    fn drawn(&mut self) {
        self.tell(Message::Drawn(self.now));
        self.now.0 += 1_000;
    }

    fn tell(&mut self, message: Message) {
        self.asked.extend(self.home.update(message));
    }

    fn filled() -> Self {
        let entry = |name: &str, steps: usize, errors: usize| WorkflowEntry {
            name: name.into(),
            file: format!("workflows/{name}.yaml"),
            from: "shipped".into(),
            about: format!("About {name}"),
            steps,
            errors,
            last: String::new(),
        };
        let mut visit = Self::new();
        visit.tell(Message::Workflows(vec![
            entry("quickstart", 9, 0),
            entry("region-failover", 14, 0),
            entry("broken", 0, 3),
        ]));
        visit.tell(Message::Runs(past_runs()));
        visit
    }

    fn press(&mut self, keys: &str) -> &mut Self {
        for key in parse_chord(keys) {
            self.key(key);
        }
        self
    }

    fn write(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            self.key(Key::Char(c));
        }
        self
    }

    fn key(&mut self, key: Key) {
        let at = self.now;
        self.tell(Message::Key { key, at });
        self.drawn();
    }

    fn text(&self, width: u16, height: u16) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        self.home.view(&themed(false), &mut buffer);
        text_of(&buffer)
    }
}

fn with_params() -> Arc<Workflow> {
    let spec = |name: &str, kind: ParamKind, default: Option<serde_json::Value>| ParamSpec {
        name: name.into(),
        kind,
        required: default.is_none(),
        default,
        prompt: String::new(),
    };
    let options = vec!["eu-north".into(), "us-east".into()];
    let mut workflow = (*crate::tui::tests::failover()).clone();
    workflow.params = vec![
        spec("ticket", ParamKind::String { pattern: None }, None),
        spec("target", ParamKind::Enum { options }, None),
        spec(
            "percent",
            ParamKind::Int {
                min: None,
                max: None,
            },
            Some(json!(100)),
        ),
        spec("dry_run", ParamKind::Bool, Some(json!(false))),
    ];
    Arc::new(workflow)
}

#[test]
fn pictures() {
    insta::assert_snapshot!("loading_80x24", Visit::new().text(80, 24));
    let mut visit = Visit::filled();
    insta::assert_snapshot!("workflows_80x24", visit.text(80, 24));
    insta::assert_snapshot!("runs_80x24", visit.press("Tab j").text(80, 24));
    insta::assert_snapshot!("runs_200x50", visit.text(200, 50));
    insta::assert_snapshot!("runs_40x10", visit.text(40, 10));
    visit.press("/").write("!st:ok by:mira");
    insta::assert_snapshot!("runs_filtered_80x24", visit.text(80, 24));
    visit.press("Enter Esc");
    visit.press("1 Enter");
    let problems = vec!["error: step `a` needs `b`\n  --> broken.yaml:3:5".into()];
    let file = "broken.yaml".into();
    visit.tell(Message::Checked {
        file,
        result: Err(problems),
    });
    insta::assert_snapshot!("problems_80x24", visit.text(80, 24));
    visit.press("Enter");
    let file = "x.yaml".into();
    visit.tell(Message::Checked {
        file,
        result: Ok(with_params()),
    });
    visit.drawn();
    insta::assert_snapshot!("params_80x24", visit.text(80, 24));
    insta::assert_snapshot!(
        "params_missing_80x24",
        visit.press("Tab Tab Tab Tab Tab Enter").text(80, 24)
    );
}

/// As `pictures`, at every size and in every look.
#[test]
fn golden_pictures() {
    let look = |name: &str, visit: &Visit| {
        golden(name, &mut |width, height, theme| {
            let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
            visit.home.view(theme, &mut buffer);
            buffer
        });
    };
    look("home_loading", &Visit::new());
    let mut visit = Visit::filled();
    look("home_workflows", &visit);
    look("home_runs", visit.press("Tab j"));
    visit.press("1 Enter");
    visit.tell(Message::Checked {
        file: "broken.yaml".into(),
        result: Err(vec![
            "error: step `a` needs `b`\n  --> broken.yaml:3:5".into(),
        ]),
    });
    look("home_problems", &visit);
    visit.press("Enter");
    visit.tell(Message::Checked {
        file: "x.yaml".into(),
        result: Ok(with_params()),
    });
    visit.drawn();
    look("home_form", &visit);
}

#[test]
fn a_run_is_opened_and_a_workflow_is_checked_first() {
    let mut visit = Visit::filled();
    visit.press("Tab j Enter");
    assert_eq!(
        visit.home.choice,
        Some(Choice::Open(RunId::parse("r-41").unwrap()))
    );

    let mut visit = Visit::filled();
    visit.press("/").write("region").press("Enter Enter");
    let expected = Request::Check("workflows/region-failover.yaml".into());
    assert_eq!(visit.asked.last(), Some(&expected));
    visit.press("q");
    assert_eq!(visit.home.choice, Some(Choice::Quit));
}

#[test]
fn each_list_has_its_own_filter() {
    let mut visit = Visit::filled();
    visit.press("0 /").write("st:ok").press("Enter Tab");
    assert_eq!(visit.home.shown_workflows().len(), 3);
    visit.press("/").write("region").press("Enter Tab");
    assert_eq!(visit.home.filter.value(), "st:ok");
    visit.press("Tab");
    assert_eq!(visit.home.shown_workflows().len(), 1);
}

#[test]
fn own_keys_are_told_and_act_on_runs() {
    let own = |command: &str, key: &str| Own {
        command: command.into(),
        keys: vec![key.into()],
        place: String::new(),
    };
    let mut visit = Visit::filled();
    visit.home.keymap = Keymap::safe(&[own("details", "Z"), own("write", "g w")]).expect("free");
    let text = visit.press("0 j").text(80, 24);
    assert!(text.contains("Z compare  ; R rerun  g w report"), "{text}");
    let run = RunId::parse("r-41").unwrap();
    visit.press("g w");
    assert_eq!(visit.asked.last(), Some(&Request::report_of(&run)));
    visit.press("; R");
    assert_eq!(visit.asked.last(), Some(&Request::LoadLike(run)));
    visit.press(";");
    assert!(visit.home.toast.contains("second key"));
    visit.press("Esc R");
    assert!(visit.home.toast.starts_with("R does nothing here"));
}

#[test]
fn keys_of_the_screen_act_while_two_runs_are_compared() {
    let mut visit = Visit::filled();
    let contrast = Contrast {
        head: ["r-40".into(), "r-41".into()],
        lines: Vec::new(),
    };
    visit.press("0");
    visit.tell(Message::Compared(Box::new(contrast)));
    for (key, request) in [
        ("Ctrl-z", Request::Suspend),
        ("Ctrl-l", Request::LoadRuns),
        ("T", Request::Theme(Wanted::Next)),
    ] {
        visit.press(key);
        assert_eq!(visit.asked.last(), Some(&request));
    }
    visit.press("x");
    let told = "x does nothing here: & shows only differences, Esc goes back";
    assert_eq!(visit.home.toast, told);
}

#[test]
fn w_writes_the_report_of_the_selected_run() {
    let mut visit = Visit::filled();
    visit.press("0 j W");
    let run = RunId::parse("r-41").unwrap();
    assert_eq!(visit.asked.last(), Some(&Request::report_of(&run)));
}

#[test]
fn a_run_is_started_like_another_one() {
    let mut visit = Visit::filled();
    visit.press("0 j R");
    let run = RunId::parse("r-41").unwrap();
    assert_eq!(visit.asked.last(), Some(&Request::LoadLike(run.clone())));
    let given = [
        ("ticket", "INC-7"),
        ("target", "us-east"),
        ("percent", "30"),
    ];
    let like = Like {
        run: run.clone(),
        file: "x.yaml".into(),
        workflow: with_params(),
        params: given
            .map(|(name, value)| (name.into(), json!(value)))
            .into(),
        kind: Kind::Drill,
        by: "x.yaml as it is now: it has changed since".into(),
    };
    visit.tell(Message::Like(Box::new(like)));
    visit.drawn();
    insta::assert_snapshot!("like_80x24", visit.text(80, 24));
    insta::assert_snapshot!("like_200x50", visit.text(200, 50));
    // Nothing is typed: Tab to the button, and it starts as the other one was.
    visit.press("Tab Tab Tab Tab Tab Enter");
    let Some(Choice::Start { params, like, .. }) = &visit.home.choice else {
        panic!("{}", visit.text(80, 24));
    };
    assert_eq!(like.as_ref(), Some(&run));
    assert_eq!(
        (&params["target"], &params["percent"]),
        (&json!("us-east"), &json!(30))
    );
}

#[test]
fn a_form_of_its_own_starts_or_leaves() {
    let given = BTreeMap::from([("ticket".to_owned(), json!("INC-7"))]);
    let form = || {
        let home = Home::with_form(&options(), "x.yaml".into(), with_params(), &given);
        Visit::at(home)
    };
    let mut visit = form();
    assert!(visit.text(80, 24).contains("INC-7"));
    visit.press("Esc");
    assert_eq!(visit.home.choice, Some(Choice::Quit));
}

#[test]
fn any_size_is_drawn() {
    let mut visit = Visit::filled();
    let file = "x.yaml".into();
    for width in [1, 7, 40, 80, 300] {
        for height in [1, 2, 3, 4, 10, 100] {
            visit.text(width, height);
        }
    }
    visit.tell(Message::Checked {
        file,
        result: Ok(with_params()),
    });
    for width in [1, 7, 40, 80, 300] {
        for height in [1, 2, 3, 4, 10, 100] {
            visit.text(width, height);
        }
    }
}
