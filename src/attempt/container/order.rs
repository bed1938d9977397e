//! A container that is ordered: what the engine is asked to make, and the marks by which it is found again.

use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::run::Spec;
use crate::workflow::{ContainerRestart, ContainerRunDoc, parse_size};

pub(super) const RUN: &str = "flightdeck.run";
pub(super) const STEP: &str = "flightdeck.step";
const ATTEMPT: &str = "flightdeck.attempt";
pub(super) const KEY: &str = "flightdeck.idempotency_key";
/// Of what was ordered: another order is not answered by the same container.
pub(super) const ORDER: &str = "flightdeck.order";
/// The id of the container in whose place it stands; empty if there was none.
pub(super) const REPLACES: &str = "flightdeck.replaces";

pub(super) struct Order {
    pub(super) name: String,
    pub(super) image: String,
    /// For `POST /containers/create`.
    pub(super) body: Json,
}

impl Order {
    /// `Err` says what cannot be ordered.
    pub(super) fn new(doc: &ContainerRunDoc, spec: &Spec) -> Result<Self, String> {
        let image = doc.image.clone().ok_or("it names no image")?;
        let image = with_tag(&image);
        let name = doc.name.clone().unwrap_or_else(|| own_name(spec));
        let mut host = json!({"RestartPolicy": {"Name": restart(doc.restart)}});
        if let Some(text) = &doc.memory {
            let size = parse_size(text).ok_or_else(|| format!("memory: `{text}` is not a size"))?;
            host["Memory"] = json!(size);
        }
        if let Some(network) = &doc.network {
            host["NetworkMode"] = json!(network);
        }
        if let Some(volumes) = &doc.volumes {
            host["Binds"] = json!(volumes);
        }
        let mut exposed = Map::new();
        let mut bindings = Map::new();
        for text in doc.ports.iter().flatten() {
            let (inner, binding) = port(text)?;
            exposed.insert(inner.clone(), json!({}));
            let entry = bindings.entry(inner).or_insert_with(|| json!([]));
            if let Some(list) = entry.as_array_mut() {
                list.push(binding);
            }
        }
        host["PortBindings"] = Json::Object(bindings);
        let env = doc.env.iter().flatten();
        let env: Vec<String> = env.map(|(name, value)| format!("{name}={value}")).collect();
        let mut body = json!({
            "Image": image, "Env": env, "ExposedPorts": exposed, "HostConfig": host,
        });
        if let Some(command) = &doc.command {
            body["Cmd"] = json!(command);
        }
        if let Some(check) = &doc.healthcheck {
            let test = std::iter::once("CMD").chain(check.iter().map(String::as_str));
            let second = 1_000_000_000_u64;
            body["Healthcheck"] = json!({
                "Test": test.collect::<Vec<_>>(), "Interval": 2 * second, "Timeout": 10 * second, "Retries": 3,
            });
        }
        let digest = Sha256::digest(json!([body, doc.labels]).to_string());
        let digest = digest
            .iter()
            .take(8)
            .fold(0, |all, b| all << 8 | u64::from(*b));
        let mut labels = doc.labels.clone().unwrap_or_default();
        labels.extend(
            [
                (RUN, spec.run.as_str().to_owned()),
                (STEP, spec.attempt.step.as_str().to_owned()),
                (ATTEMPT, spec.attempt.n.to_string()),
                (KEY, spec.idempotency_key.clone()),
                (ORDER, format!("{digest:016x}")),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        body["Labels"] = json!(labels);
        Ok(Self { name, image, body })
    }

    pub(super) fn replaces(&mut self, id: &str) {
        self.body["Labels"][REPLACES] = json!(id);
    }

    /// The mark `name` of this order.
    pub(super) fn mark(&self, name: &str) -> &Json {
        &self.body["Labels"][name]
    }
}

/// An image without a tag would mean all of them.
pub(super) fn with_tag(image: &str) -> String {
    let last = image.rsplit('/').next().unwrap_or(image);
    if last.contains([':', '@']) {
        image.to_owned()
    } else {
        format!("{image}:latest")
    }
}

/// The same for each attempt of a step, so that the engine itself refuses a second one.
fn own_name(spec: &Spec) -> String {
    let name = format!(
        "flightdeck-{}-{}",
        spec.run.as_str(),
        spec.attempt.step.as_str()
    );
    let good = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    name.chars()
        .map(|c| if good(c) { c } else { '_' })
        .collect()
}

fn restart(said: Option<ContainerRestart>) -> &'static str {
    match said {
        None | Some(ContainerRestart::No) => "no",
        Some(ContainerRestart::Always) => "always",
        Some(ContainerRestart::OnFailure) => "on-failure",
        Some(ContainerRestart::UnlessStopped) => "unless-stopped",
    }
}

/// `[[ADDRESS:]OUTER:]INNER[/PROTOCOL]`
fn port(text: &str) -> Result<(String, Json), String> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let mut parts = ports.rsplitn(3, ':');
    let inner = parts.next().unwrap_or_default();
    let outer = parts.next().unwrap_or_default();
    let address = parts.next().unwrap_or_default();
    let is_port = |part: &str| part.parse::<u16>().is_ok();
    if !is_port(inner) || !(outer.is_empty() || is_port(outer)) {
        return Err(format!("ports: `{text}` is not a port"));
    }
    let address = address.trim_matches(['[', ']']);
    Ok((
        format!("{inner}/{protocol}"),
        json!({"HostIp": address, "HostPort": outer}),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_tags() {
        let check = |text: &str, inner: &str, address: &str, outer: &str| {
            let binding = json!({"HostIp": address, "HostPort": outer});
            assert_eq!(port(text).unwrap(), (inner.to_owned(), binding));
        };
        check("8080", "8080/tcp", "", "");
        check("53:5353/udp", "5353/udp", "", "53");
        check("127.0.0.1:81:80", "80/tcp", "127.0.0.1", "81");
        check("[::1]:81:80", "80/tcp", "::1", "81");
        assert!(port("a:80").is_err());
        assert_eq!(with_tag("host:5000/app"), "host:5000/app:latest");
        assert_eq!(with_tag("host:5000/app:1"), "host:5000/app:1");
        assert_eq!(with_tag("app@sha256:00"), "app@sha256:00");
    }
}
