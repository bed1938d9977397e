//! Who we are to a registry: what `docker login` or `podman login` has written down, handed to the engine with a pull.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde_json::{Value as Json, json};

use super::super::call::Context;

/// Docker's own registry, as Docker calls it in that file, and as podman does.
const HUB: &str = "https://index.docker.io/v1/";
const HUB_OF_PODMAN: &str = "docker.io";

/// The `X-Registry-Auth` header for `image`; `None` without a login.
pub(super) fn header(image: &str, cx: &Context<'_, '_>) -> Option<String> {
    let registry = registry(image);
    let entry = files(cx).into_iter().find_map(|path| {
        let text = std::fs::read(path).ok()?;
        let file: Json = serde_json::from_slice(&text).ok()?;
        entry(&file["auths"], registry)
    })?;
    let pair = String::from_utf8(STANDARD.decode(entry).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    let identity = json!({"username": user, "password": password, "serveraddress": registry});
    Some(URL_SAFE.encode(identity.to_string()))
}

fn entry(logins: &Json, registry: &str) -> Option<String> {
    let other = (registry == HUB).then_some(HUB_OF_PODMAN);
    let mut names = [registry].into_iter().chain(other);
    let entry = names.find_map(|name| logins[name]["auth"].as_str());
    entry.map(str::to_owned)
}

/// Where logins are, the first that has one counts.
fn files(cx: &Context<'_, '_>) -> Vec<PathBuf> {
    let said = cx.env("REGISTRY_AUTH_FILE").map(PathBuf::from);
    let folder = cx.env("DOCKER_CONFIG").map(PathBuf::from);
    let home = cx
        .env("HOME")
        .map(|home| PathBuf::from(home).join(".docker"));
    let own = cx.env("XDG_RUNTIME_DIR");
    let podman = own.map(|dir| PathBuf::from(dir).join("containers/auth.json"));
    let docker = folder.or(home).map(|dir| dir.join("config.json"));
    said.into_iter().chain(docker).chain(podman).collect()
}

/// `registry.example:5000` of `registry.example:5000/team/app:1`.
fn registry(image: &str) -> &str {
    match image.split_once('/') {
        Some((HUB_OF_PODMAN | "index.docker.io", _)) => HUB,
        Some((first, _)) if first.contains(['.', ':']) || first == "localhost" => first,
        _ => HUB,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_is_a_registry_if_it_looks_like_a_host() {
        assert_eq!(registry("app:1"), HUB);
        assert_eq!(registry("team/app:1"), HUB);
        assert_eq!(registry("docker.io/team/app:1"), HUB);
        assert_eq!(registry("ghcr.io/team/app:1"), "ghcr.io");
        assert_eq!(registry("localhost/app"), "localhost");
        assert_eq!(registry("here:5000/app"), "here:5000");
    }

    #[test]
    fn the_login_at_the_hub_is_found_as_docker_and_as_podman_write_it() {
        for name in [HUB, HUB_OF_PODMAN] {
            let logins = json!({name: {"auth": "YTpi"}});
            assert_eq!(entry(&logins, HUB).as_deref(), Some("YTpi"));
        }
        assert_eq!(entry(&json!({}), HUB), None);
    }
}
