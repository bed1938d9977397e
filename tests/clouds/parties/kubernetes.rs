//! The cluster of one node that `tests/clouds/kubernetes-cluster` starts, and a namespace of it for each test.

use std::process::{Command, Stdio};
use std::sync::{LazyLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The path of the cluster's kubeconfig. The cluster is started if it is down; it stays up until `kubernetes-cluster down`.
pub(crate) fn kubeconfig() -> &'static str {
    static PATH: LazyLock<String> = LazyLock::new(|| {
        let script = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/clouds/kubernetes-cluster"
        );
        let mut command = Command::new(script);
        let output = command.arg("up").stderr(Stdio::inherit()).output();
        let output = output.expect("the script of the cluster runs");
        assert!(output.status.success(), "the cluster does not start");
        let told = String::from_utf8(output.stdout).expect("UTF-8");
        told.lines().last().expect("a path").to_owned()
    });
    &PATH
}

/// Whoever takes the node out of service must be alone on it.
static NODE: RwLock<()> = RwLock::new(());

enum Hold {
    Shared {
        _guard: RwLockReadGuard<'static, ()>,
    },
    Alone {
        _guard: RwLockWriteGuard<'static, ()>,
    },
}

/// A namespace of its own for each test, deleted with all that is in it.
pub(crate) struct Namespace {
    pub(crate) name: String,
    hold: Hold,
}

impl Namespace {
    pub(crate) fn new(name: &str) -> Self {
        let guard = NODE.read().unwrap_or_else(PoisonError::into_inner);
        Self::holding(name, Hold::Shared { _guard: guard })
    }

    /// No other test has anything in the cluster meanwhile.
    pub(crate) fn alone(name: &str) -> Self {
        let guard = NODE.write().unwrap_or_else(PoisonError::into_inner);
        Self::holding(name, Hold::Alone { _guard: guard })
    }

    fn holding(name: &str, hold: Hold) -> Self {
        let name = format!("fd-{name}-{}", std::process::id());
        kubectl(&["create", "namespace", &name]);
        Self { name, hold }
    }

    /// What kubectl says of this namespace, without the last line feed.
    pub(crate) fn kubectl(&self, args: &str) -> String {
        let words: Vec<&str> = args.split_whitespace().collect();
        kubectl(&[&["--namespace", self.name.as_str()], words.as_slice()].concat())
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        if matches!(self.hold, Hold::Alone { .. }) {
            kubectl(&["uncordon", "node1"]);
        }
        // Pods of a test that is over would make the next one wait for the node.
        kubectl(&["delete", "namespace", &self.name, "--wait=false"]);
    }
}

fn kubectl(args: &[&str]) -> String {
    let mut command = Command::new("kubectl");
    command.args(["--kubeconfig", kubeconfig()]).args(args);
    let output = command.output().expect("kubectl runs");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "kubectl {args:?}: {told}");
    String::from_utf8(output.stdout)
        .expect("UTF-8")
        .trim_end()
        .to_owned()
}
