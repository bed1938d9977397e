//! podman with a store of its own, serving the API that Docker has too.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use super::{free_port, keep, listens, until};

/// The address of its socket, for `DOCKER_HOST`.
pub(crate) fn socket() -> String {
    format!("unix://{}", HOME.join("socket").display())
}

/// Its own client, on the same store.
pub(crate) fn podman(args: &[&str]) -> Output {
    command(&HOME).args(args).output().expect("podman starts")
}

/// What podman prints, without the last line break.
pub(crate) fn says(args: &[&str]) -> String {
    let output = podman(args);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.trim_end().to_owned()
}

static HOME: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    forget_the_dead(folder);
    let home = folder.join(format!("podman-{}", std::process::id()));
    std::fs::create_dir_all(&home).expect("a folder");
    configure(&home);
    image(&home, "localhost/app:1", "index.html", "hello\n", PAGE);
    let mut service = command(&home);
    service.args(["system", "service", "--time=0"]);
    service.arg(format!("unix://{}", home.join("socket").display()));
    keep(&service);
    until("the socket of podman", || home.join("socket").exists());
    home
});

/// The port of the registry, known before it runs: podman must be told that it speaks plain HTTP.
static REGISTRY: LazyLock<u16> = LazyLock::new(free_port);

/// A registry that lets in `ana` with the password `open-sesame`; where it is.
pub(crate) fn registry() -> String {
    static RUNS: LazyLock<()> = LazyLock::new(|| {
        let users = HOME.join("users");
        let made = Command::new("htpasswd")
            .args(["-Bbn", "ana", "open-sesame"])
            .output();
        std::fs::write(&users, made.expect("htpasswd").stdout).expect("a file");
        let text = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {0}/images}}}}\nhttp: {{addr: \"127.0.0.1:{1}\"}}\n\
             auth: {{htpasswd: {{realm: test, path: {0}/users}}}}\n",
            HOME.display(),
            *REGISTRY
        );
        std::fs::write(HOME.join("registry.yml"), text).expect("a file");
        let mut server = Command::new("docker-registry");
        server.arg("serve").arg(HOME.join("registry.yml"));
        keep(&server);
        listens("the registry", *REGISTRY);
    });
    LazyLock::force(&RUNS);
    format!("127.0.0.1:{}", *REGISTRY)
}

fn command(home: &Path) -> Command {
    let mut command = Command::new("podman");
    command.env("CONTAINERS_CONF", home.join("containers.conf"));
    command.env("CONTAINERS_REGISTRIES_CONF", home.join("registries.conf"));
    command.args(["--storage-driver", "vfs", "--root"]);
    command
        .arg(home.join("root"))
        .arg("--runroot")
        .arg(home.join("run"));
    command
}

/// crun does not start here, and no limit may be raised: hence runc, and limits at ours.
fn configure(home: &Path) {
    let limit = |name: &str, most: u64| {
        let output = Command::new("sh")
            .args(["-c", &format!("ulimit {name}")])
            .output();
        let text = String::from_utf8(output.expect("sh").stdout).expect("UTF-8");
        text.trim().parse().unwrap_or(most).min(most)
    };
    let (files, processes) = (limit("-n", 20_000), limit("-u", 30_000));
    let text = format!(
        "[containers]\ndefault_ulimits=[\"nofile={files}:{files}\",\"nproc={processes}:{processes}\"]\n\
         [engine]\nruntime=\"runc\"\ncgroup_manager=\"cgroupfs\"\nevents_logger=\"file\"\n"
    );
    std::fs::write(home.join("containers.conf"), text).expect("a file");
    let plain = "[[registry]]\nlocation = \"127.0.0.1\"\ninsecure = true\n";
    let plain = format!(
        "{plain}[[registry]]\nlocation = \"127.0.0.1:{}\"\ninsecure = true\n",
        *REGISTRY
    );
    std::fs::write(home.join("registries.conf"), plain).expect("a file");
}

/// A page served on port 8080 for five minutes at most.
const PAGE: &str =
    r#"["/bin/busybox","timeout","300","/bin/busybox","httpd","-f","-p","8080","-h","/www"]"#;
/// The same, and it ends when it is told to: the first program of a container is not stopped by TERM unless it says so.
const POLITE: &str = r#"["/bin/sh","-c","trap 'exit 0' TERM; /bin/busybox timeout 300 /bin/busybox httpd -f -p 8080 -h /www & wait"]"#;

/// `localhost/shop:RELEASE` for each of these, which says its release at `/release.txt` on port 8080.
pub(crate) fn releases() -> [&'static str; 2] {
    static MADE: LazyLock<[&str; 2]> = LazyLock::new(|| {
        ["7.1", "7.10"].map(|release| {
            let name = format!("localhost/shop:{release}");
            image(&HOME, &name, "release.txt", release, POLITE);
            release
        })
    });
    *MADE
}

/// busybox, and a page that `command` serves.
fn image(home: &Path, name: &str, page: &str, text: &str, command: &str) {
    let folder = name.replace(['/', ':'], "-");
    let root = home.join(&folder);
    for folder in ["bin", "www", "tmp"] {
        std::fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    std::fs::copy("/bin/busybox", root.join("bin/busybox"))
        .or_else(|_| std::fs::copy("/usr/bin/busybox", root.join("bin/busybox")))
        .expect("a static busybox: tests/run installs it");
    for name in [
        "sh", "sleep", "cat", "echo", "test", "true", "false", "touch",
    ] {
        std::os::unix::fs::symlink("busybox", root.join("bin").join(name)).expect("a link");
    }
    std::fs::write(root.join("www").join(page), text).expect("a file");
    let tar = home.join(format!("{folder}.tar"));
    let packed = Command::new("tar")
        .arg("-C")
        .arg(&root)
        .arg("-cf")
        .arg(&tar)
        .arg(".")
        .status();
    assert!(packed.expect("tar").success());
    let import = self::command(home)
        .args(["import", "-c", &format!("CMD {command}")])
        .arg(&tar)
        .arg(name)
        .output();
    let import = import.expect("podman starts");
    assert!(import.status.success(), "{import:?}");
}

/// Stores of test processes that are gone.
fn forget_the_dead(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix("podman-"));
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            let _ = command(&entry.path())
                .args(["rm", "-f", "-t", "0", "-a"])
                .output();
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
