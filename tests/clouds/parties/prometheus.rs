//! Prometheus and a node exporter, which it asks every second.

use std::fmt::Write as _;
use std::process::Command;

use tempfile::TempDir;

use super::{free_port, keep, listens};

/// Ends with the suite.
pub(crate) struct Prometheus {
    port: u16,
    _dir: TempDir,
}

impl Prometheus {
    /// `rules` are the alerting rules of a group: a YAML list. `targets` are asked beside itself and the node exporter, as the
    /// job `app`: `HOST:PORT`, at `/metrics`.
    pub(crate) fn start(rules: &str, targets: &[String]) -> Self {
        let dir = TempDir::new().expect("a folder");
        let (port, exporter) = (free_port(), free_port());
        let mut node = Command::new("prometheus-node-exporter");
        node.arg(format!("--web.listen-address=127.0.0.1:{exporter}"));
        keep(&node);
        let mut text = String::from(
            "global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n",
        );
        let jobs = [
            ("prometheus", vec![format!("127.0.0.1:{port}")]),
            ("node", vec![format!("127.0.0.1:{exporter}")]),
            ("app", targets.to_vec()),
        ];
        for (job, targets) in jobs.iter().filter(|(_, targets)| !targets.is_empty()) {
            let _ = writeln!(
                text,
                "- {{job_name: {job}, static_configs: [{{targets: {targets:?}}}]}}"
            );
        }
        let rules = if rules.is_empty() {
            "groups: []\n".to_owned()
        } else {
            let rules = rules.trim_end().replace('\n', "\n    ");
            format!("groups:\n- name: tests\n  rules:\n    {rules}\n")
        };
        std::fs::write(dir.path().join("rules.yml"), rules).expect("its rules");
        let config = dir.path().join("prometheus.yml");
        std::fs::write(&config, text).expect("its configuration");
        let mut server = Command::new("prometheus");
        server
            .arg(format!("--config.file={}", config.display()))
            .arg(format!(
                "--storage.tsdb.path={}",
                dir.path().join("data").display()
            ))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        keep(&server);
        listens("prometheus", port);
        Self { port, _dir: dir }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
