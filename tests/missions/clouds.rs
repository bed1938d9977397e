//! What several missions need: AWS as its own command line finds it, a page that answers, ssh as the operator's own.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value as Json;

use crate::parties::aws::{aws, environment, moto};
use crate::parties::{free_port, serve};
use crate::place::Place;

/// A place whose home and environment know AWS.
pub(crate) fn place() -> Place {
    let mut place = Place::new();
    let known = environment(moto()).map(|(name, value)| (name.to_owned(), value));
    place.env.extend(known);
    place
}

/// A page of `folder`, served on loopback.
pub(crate) fn page(place: &Place, folder: &str, name: &str, text: &str) -> u16 {
    let path = place.path(folder);
    std::fs::create_dir_all(&path).expect("a folder");
    std::fs::write(path.join(name), text).expect("a page");
    let port = free_port();
    serve(&path, port);
    port
}

/// An Auto Scaling group of this capacity.
pub(crate) fn group(name: &str, capacity: u32, region: &str) {
    let image = image(region);
    let configuration = format!("{name}-lc");
    aws(&[
        "--region",
        region,
        "autoscaling",
        "create-launch-configuration",
        "--launch-configuration-name",
        &configuration,
        "--image-id",
        &image,
        "--instance-type",
        "t3.micro",
    ]);
    let (zone, capacity) = (format!("{region}a"), capacity.to_string());
    aws(&[
        "--region",
        region,
        "autoscaling",
        "create-auto-scaling-group",
        "--auto-scaling-group-name",
        name,
        "--launch-configuration-name",
        &configuration,
        "--min-size",
        "0",
        "--max-size",
        "20",
        "--desired-capacity",
        &capacity,
        "--availability-zones",
        &zone,
    ]);
}

pub(crate) fn capacity(name: &str, region: &str) -> Json {
    let groups = aws(&[
        "--region",
        region,
        "autoscaling",
        "describe-auto-scaling-groups",
        "--auto-scaling-group-names",
        name,
    ]);
    groups["AutoScalingGroups"][0]["DesiredCapacity"].clone()
}

/// Some image that there is.
pub(crate) fn image(region: &str) -> String {
    let images = aws(&["--region", region, "ec2", "describe-images"]);
    let id = images["Images"][0]["ImageId"].as_str().expect("an image");
    id.to_owned()
}

/// A hosted zone of its own; its id.
pub(crate) fn zone(name: &str) -> String {
    let made = aws(&[
        "route53",
        "create-hosted-zone",
        "--name",
        name,
        "--caller-reference",
        name,
    ]);
    let id = made["HostedZone"]["Id"].as_str().expect("an id");
    id.trim_start_matches("/hostedzone/").to_owned()
}

/// The records of a zone beside those that every zone has.
pub(crate) fn records(zone: &str) -> Vec<Json> {
    let all = aws(&[
        "route53",
        "list-resource-record-sets",
        "--hosted-zone-id",
        zone,
    ]);
    let all = all["ResourceRecordSets"]
        .as_array()
        .expect("a list")
        .clone();
    all.into_iter()
        .filter(|r| r["Type"] != "NS" && r["Type"] != "SOA")
        .collect()
}

/// The weight of one of the records of a name.
pub(crate) fn weight(zone: &str, identifier: &str) -> Option<u64> {
    let records = records(zone);
    let record = records.iter().find(|r| r["SetIdentifier"] == identifier);
    record.and_then(|r| r["Weight"].as_u64())
}

/// A program of this place.
pub(crate) fn program(place: &Place, name: &str, text: &str) -> String {
    let path = place.write(name, text);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    path.display().to_string()
}

/// From now on `ssh` means the operator's own: with this configuration.
pub(crate) fn own_ssh(place: &mut Place, configuration: &str) {
    own_bin(place);
    program(
        place,
        "bin/ssh",
        &format!("#!/bin/sh\nexec /usr/bin/ssh -F '{configuration}' \"$@\"\n"),
    );
}

/// Programs in `bin` of this place are found before all others.
pub(crate) fn own_bin(place: &mut Place) {
    std::fs::create_dir_all(place.path("bin")).expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = place.path("bin").display().to_string();
    place.env.push(("PATH".to_owned(), format!("{bin}:{path}")));
}
