//! All texts of a specification, wherever they stand in it.

use crate::run::Spec;
use crate::workflow::{Body, Filled, Http, Work};

/// Every text of what it does and of its environment.
pub(super) fn of_spec(spec: &Spec) -> Vec<&Filled> {
    let mut texts: Vec<&Filled> = spec.env.iter().map(|(_, text)| text).collect();
    match &spec.work {
        Work::Run(command) | Work::Exec(command) => {
            texts.extend(
                command
                    .argv
                    .iter()
                    .chain(&command.cwd)
                    .chain(&command.stdin),
            );
        }
        Work::Http(request) | Work::Notify(request) => texts.extend(of_request(request)),
        Work::Call(call) => texts.extend(call.ask.texts()),
    }
    texts
}

pub(super) fn of_body(body: &Body<Filled>) -> Vec<&Filled> {
    match body {
        Body::Text(text) => vec![text],
        Body::Form(pairs) => pairs.iter().map(|(_, text)| text).collect(),
        Body::Json(tree) => tree.texts(),
    }
}

fn of_request(request: &Http<Filled>) -> Vec<&Filled> {
    let mut texts = vec![&request.url];
    texts.extend(request.headers.iter().map(|(_, text)| text));
    texts.extend(request.body.iter().flat_map(of_body));
    texts.extend(
        request
            .basic_auth
            .iter()
            .flat_map(|(user, password)| [user, password]),
    );
    texts
}
