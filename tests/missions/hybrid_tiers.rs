//! The tiers of `hybrid-multitier-deploy`: terraform, PostgreSQL, machines by ssh, a container, Route 53. All of them are at
//! one release before the run begins.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::clouds::{own_ssh, place, program, zone};
use crate::parties::aws::aws;
use crate::parties::podman::{podman, releases, says, socket};
use crate::parties::postgres::Server;
use crate::parties::sshd::sshd;
use crate::parties::{free_port, until};
use crate::place::Place;
use crate::stage::Stage;

const INFRA: &str = r#"
variable "release" { type = string }
resource "terraform_data" "service" { input = var.release }
output "release" { value = terraform_data.service.output }
"#;

/// Keeps each machine by the address at which it was reached: what it runs, and every change of that. It does nothing for a
/// release that is there, and cannot change anything on one that is broken.
const CONTROL: &str = r#"#!/bin/sh
set -e
machine=$(echo "$SSH_CONNECTION" | cut -d' ' -f3)
cd "$(dirname "$0")/machines/$machine"
case $1 in
  deploy)
    [ ! -e broken ] || { echo 'no room on the disk' >&2; exit 1; }
    [ "$(tail -n 1 ledger)" = "$2" ] || echo "$2" >> ledger ;;
  is-active) [ -s ledger ] ;;
  ledger) cat ledger ;;
  *) exit 64 ;;
esac
"#;

pub(crate) struct World {
    pub(crate) stage: Stage,
    pub(crate) server: Server,
    pub(crate) zone: String,
    pub(crate) web: Web,
}

/// The container, which goes with the test.
pub(crate) struct Web {
    name: String,
    port: u16,
}

impl Drop for Web {
    fn drop(&mut self) {
        for name in [&self.name, &format!("{}-before", self.name)] {
            podman(&["rm", "-f", "-i", "-t", "0", name]);
        }
    }
}

/// All tiers at the release of before; the run has begun. Only in the world `unled` customers have no record.
pub(crate) fn begin(name: &str) -> World {
    let [release, previous] = releases();
    let mut place = place();
    own_ssh(&mut place, &sshd().config.display().to_string());
    place.env.extend([
        ("DEPLOY_DATABASE_PASSWORD".into(), "app-password".into()),
        ("DOCKER_HOST".into(), socket()),
    ]);
    let infra = infra(&place, previous);
    let server = database(previous);
    let control = machines(&place, previous);
    let web = Web::start(name, previous);
    let record = format!("shop.{name}.example.com.");
    let zone = zone(&format!("{name}.example.com"));
    if name != "unled" {
        lead(&zone, &record);
    }
    let params = json!({
        "release": release,
        "previous": previous,
        "infra": infra.display().to_string(),
        "hosts": ["web1", "web2"],
        "control": control,
        "database_host": "127.0.0.1",
        "database_port": server.port,
        "database": "postgres",
        "database_user": "app",
        "web_name": web.name,
        "web_image": "localhost/shop",
        "web_port": web.port,
        "zone": zone,
        "record": record,
        "address": "192.0.2.2",
    });
    World {
        stage: Stage::start(place, "hybrid-multitier-deploy", &params),
        server,
        zone,
        web,
    }
}

fn infra(place: &Place, release: &str) -> PathBuf {
    let infra = place.path("infra");
    std::fs::create_dir(&infra).expect("a folder");
    place.write("infra/main.tf", INFRA);
    terraform(&infra, &["init", "-input=false"]);
    let release = format!("-var=release={release}");
    terraform(&infra, &["apply", "-auto-approve", &release]);
    infra
}

fn database(release: &str) -> Server {
    let server = Server::start();
    server.psql("create table releases (name text primary key, run text not null)");
    server.psql("grant select, insert, update, delete on releases to app");
    server.psql(&format!(
        "insert into releases values ('{release}', 'earlier')"
    ));
    server
}

/// The program that all machines have.
fn machines(place: &Place, release: &str) -> String {
    for machine in ["127.0.0.1", "127.0.0.2"] {
        let folder = format!("machines/{machine}");
        std::fs::create_dir_all(place.path(&folder)).expect("a folder");
        place.write(&format!("{folder}/ledger"), &format!("{release}\n"));
    }
    program(place, "control", CONTROL)
}

/// Customers are led to the web tier of before.
pub(crate) fn lead(zone: &str, record: &str) {
    let values = json!([{"Value": "192.0.2.1"}]);
    let set = json!({"Name": record, "Type": "A", "TTL": 300, "ResourceRecords": values});
    let batch = json!({"Changes": [{"Action": "CREATE", "ResourceRecordSet": set}]}).to_string();
    let change = [
        "route53",
        "change-resource-record-sets",
        "--hosted-zone-id",
        zone,
        "--change-batch",
        &batch,
    ];
    aws(&change);
}

impl Web {
    fn start(name: &str, release: &str) -> Self {
        let web = Self {
            name: format!("shop-{name}"),
            port: free_port(),
        };
        let publish = format!("127.0.0.1:{}:8080", web.port);
        let image = format!("localhost/shop:{release}");
        let made = podman(&["run", "-d", "--name", &web.name, "-p", &publish, &image]);
        assert!(made.status.success(), "{made:?}");
        until("the web tier of before", || web.page() == release);
        web
    }

    /// It, and what is kept of those before it, as podman has them.
    pub(crate) fn containers(&self) -> Vec<String> {
        let filter = format!("name=^{}", self.name);
        let listed = says(&["ps", "-a", "--filter", &filter, "--format", "json"]);
        let listed: Json = serde_json::from_str(&listed).expect("JSON");
        let told = |one: &Json| {
            let told = format!("{} {} {}", one["Names"][0], one["Image"], one["State"]);
            told.replace('"', "").replace(&self.name, "web")
        };
        let mut all: Vec<String> = listed
            .as_array()
            .expect("a list")
            .iter()
            .map(told)
            .collect();
        all.sort();
        all
    }

    pub(crate) fn page(&self) -> String {
        let url = format!("http://127.0.0.1:{}/release.txt", self.port);
        let curl = Command::new("curl").args(["-sf", &url]).output();
        String::from_utf8(curl.expect("curl").stdout).expect("UTF-8")
    }
}

pub(crate) fn terraform(infra: &Path, args: &[&str]) -> String {
    let mut terraform = Command::new("terraform");
    terraform.args(args).current_dir(infra);
    said(terraform.env_remove("TF_CLI_CONFIG_FILE"))
}

pub(crate) fn said(command: &mut Command) -> String {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.trim_end().to_owned()
}
