//! What may be probed.

use super::{Asked, one_verb};
use crate::workflow::call::Nature;
use crate::workflow::check::desk::Desk;
use crate::workflow::document::ProbeDoc;
use crate::yaml::At;

const VERBS: [&str; 1] = ["tcp"];

pub(super) fn probe<'d>(desk: &mut Desk<'_>, doc: &'d ProbeDoc, at: At<'_>) -> Asked<'d> {
    one_verb(desk, "probe", &VERBS, at);
    if let Some(address) = &doc.tcp {
        host_and_port(desk, address, at.down("tcp"));
    }
    Asked {
        nature: Nature::Reads,
        outputs: &["value"],
        expect: doc.expect.as_ref(),
        until: doc.until.as_ref(),
    }
}

/// `HOST:PORT`; what holds an expression is looked at when it is known.
fn host_and_port(desk: &mut Desk<'_>, address: &str, at: At<'_>) {
    if address.contains("${{") {
        return;
    }
    let port = address.rsplit_once(':').map(|(_, port)| port);
    if port
        .and_then(|p| p.parse::<u16>().ok())
        .is_none_or(|p| p == 0)
    {
        let message = format!("`{address}` has no port");
        desk.error("bad_address", at.span(), message).hint(format!(
            "write `{}:5432`",
            address.split(':').next().unwrap_or("host")
        ));
    }
}
