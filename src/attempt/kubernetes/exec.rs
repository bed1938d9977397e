//! `exec`: a program in a pod. It goes on there when the connection is lost, so that then nobody knows how it ended.

use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
use kube::Error;
use kube::api::AttachParams;
use kube::client::UpgradeConnectionError;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::time::timeout;

use super::cluster::{Cluster, Thing};
use super::logs::{Kept, pod_api};
use super::perform::answer;
use super::pods;
use super::trouble::{self, Fault};
use crate::attempt::call::{Answer, Farewell, Parted, Trouble};
use crate::workflow::KubernetesDoc;

/// For what is on its way when one of status and output is there.
const REST: Duration = Duration::from_secs(3);
/// Longer lines are cut in pieces.
const BUFFER: usize = 64 * 1024;

pub(super) async fn exec(
    cluster: &Cluster<'_>,
    what: &str,
    ask: &KubernetesDoc,
) -> Result<Answer, Trouble> {
    let argv = ask.argv.clone().unwrap_or_default();
    let (pod, object) = cluster.ready_pod(what).await?;
    cluster.voice.status(&format!("in pod/{}", pod.name));
    let params = AttachParams {
        // The server chooses none in a pod of several.
        container: ask
            .container
            .clone()
            .or_else(|| pods::first_container(&object)),
        stdin: false,
        max_stdout_buf_size: Some(BUFFER),
        max_stderr_buf_size: Some(BUFFER),
        ..AttachParams::default()
    };
    let said = pod.said();
    cluster.voice.under_way(true);
    cluster.voice.when_stopped(Some(left_alone(&pod)));
    let begun = pod_api(cluster, &pod).exec(&pod.name, argv, &params).await;
    let mut process = begun.map_err(|error| not_begun(cluster, &pod, error))?;
    let (out, err) = (process.stdout(), process.stderr());
    let status = process.take_status();
    let (mut kept, mut unkept) = (Kept::default(), Kept::default());
    let status = {
        let ended = async {
            match status {
                Some(status) => status.await,
                None => None,
            }
        };
        let told = async {
            tokio::join!(
                lines(cluster, out, &mut kept),
                lines(cluster, err, &mut unkept)
            )
        };
        tokio::pin!(ended, told);
        // A connection that is cut leaves the streams open, so that their end must not be waited for alone.
        tokio::select! {
            biased;
            status = &mut ended => {
                let _ = timeout(REST, &mut told).await;
                status
            }
            _ = &mut told => timeout(REST, &mut ended).await.ok().flatten(),
        }
    };
    let Some(status) = status else {
        let why = "the connection was lost; the program may go on in the pod";
        return Err(Trouble::Unknown(format!(
            "{}: {said}: {why}",
            cluster.who.place()
        )));
    };
    cluster.voice.under_way(false);
    cluster.voice.when_stopped(None);
    let code = exit_code(&status).map_err(|why| without_code(cluster, &said, &why))?;
    if code != 0 {
        return Err(cluster.failed(&said, &format!("exit code {code}")));
    }
    Ok(answer([
        ("stdout", json!(kept.text())),
        ("exit_code", json!(code)),
        ("pod", json!(pod.name)),
    ]))
}

/// A cluster has no way to stop a program that it has begun in a pod.
fn left_alone(pod: &Thing) -> Farewell {
    let said = pod.said();
    let within = pod.namespace.as_deref().unwrap_or_default();
    let text = format!(
        "the program may go on in {said}: a cluster cannot stop it; `kubectl -n {within} delete {said}` ends it with its pod"
    );
    Farewell::new(async move { Parted::Unknown(text) })
}

/// The request itself was refused, or lost before anyone could tell whether it had begun.
fn not_begun(cluster: &Cluster<'_>, pod: &Thing, error: Error) -> Trouble {
    let said = pod.said();
    if let Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(status)) = &error {
        cluster.voice.under_way(false);
        let why = match status.as_u16() {
            401 | 403 => "it is not allowed to run programs in pods".to_owned(),
            404 => return cluster.missing(pod),
            code => format!("the server refused ({code}): is the container running?"),
        };
        return cluster.failed(&said, &why);
    }
    let place = cluster.who.place();
    match Fault::of(error) {
        Fault::Refused(status) => {
            cluster.voice.under_way(false);
            Trouble::Failed(trouble::refused(&status, &said, &cluster.who))
        }
        Fault::Busy(_) => {
            cluster.voice.under_way(false);
            Trouble::Unreached(format!("{place}: {said}: the server is throttling"))
        }
        Fault::Unreached(why) => {
            cluster.voice.under_way(false);
            Trouble::Unreached(format!("{place}: {said}: {why}"))
        }
        Fault::Cut(why) => Trouble::Unknown(format!("{place}: {said}: {why}; it may have begun")),
    }
}

async fn lines(cluster: &Cluster<'_>, stream: Option<impl AsyncRead + Unpin>, kept: &mut Kept) {
    let Some(stream) = stream else {
        return;
    };
    let mut reader = BufReader::with_capacity(BUFFER, stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        let mut piece = (&mut reader).take(BUFFER as u64);
        match piece.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\n', '\r']);
        cluster.voice.say(text);
        kept.line(text);
    }
}

/// What runtimes say of a program that they could not start. All else may have been said in the midst of it.
const NOT_STARTED: [&str; 6] = [
    "unable to start container process",
    "starting container process caused",
    "executable file",
    "container not found",
    "container is in CONTAINER_",
    "cannot exec in a stopped",
];

/// Without an exit code it never began, or whoever watched it has lost it.
fn started(why: &str) -> bool {
    !NOT_STARTED.iter().any(|sign| why.contains(sign))
}

fn without_code(cluster: &Cluster<'_>, said: &str, why: &str) -> Trouble {
    if !started(why) {
        return cluster.failed(said, why);
    }
    let place = cluster.who.place();
    Trouble::Unknown(format!(
        "{place}: {said}: {why}; how the program ended is not known, and it may go on in the pod"
    ))
}

/// `Err`: nobody saw it run to an end of its own, and why.
fn exit_code(status: &Status) -> Result<i32, String> {
    if status.status.as_deref() == Some("Success") {
        return Ok(0);
    }
    let message = status.message.clone().unwrap_or_default();
    let causes = status
        .details
        .iter()
        .flat_map(|d| d.causes.iter().flatten());
    let code = causes
        .filter(|cause| cause.reason.as_deref() == Some("ExitCode"))
        .find_map(|cause| cause.message.as_deref()?.parse().ok());
    code.ok_or(message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{exit_code, started};

    #[test]
    fn the_exit_code_is_read_from_the_status() {
        let read = |status: serde_json::Value| exit_code(&serde_json::from_value(status).unwrap());
        assert_eq!(read(json!({"status": "Success"})), Ok(0));
        let ended = json!({
            "status": "Failure", "reason": "NonZeroExitCode", "message": "command terminated",
            "details": {"causes": [{"reason": "ExitCode", "message": "7"}]},
        });
        assert_eq!(read(ended), Ok(7));
        let lost = json!({"status": "Failure", "message": "no such program"});
        assert_eq!(read(lost), Err("no such program".to_owned()));
    }

    #[test]
    fn only_a_program_that_could_not_start_has_certainly_not_run() {
        // What containerd and older engines say.
        for why in [
            "error executing command in container: failed to exec in container: failed to start exec \"1\": OCI runtime exec failed: exec \
             failed: unable to start container process: exec: \"nothing\": executable file not found in $PATH: unknown",
            "container not found (\"web\")",
            "failed to exec in container: container is in CONTAINER_EXITED state",
        ] {
            assert!(!started(why), "{why}");
        }
        for why in [
            "Internal error occurred: error executing command in container: rpc error: code = Unavailable desc = transport is closing",
            "error sending request: EOF",
            "",
        ] {
            assert!(started(why), "{why}");
        }
    }
}
