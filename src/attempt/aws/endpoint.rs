//! Where a service of a region is, and what requests to it are signed for.

use super::encode::{Wire, escaped};
use crate::aws_model::{Operation, Place, Service};

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// `https://host`, perhaps with a port and a path; no slash at its end.
    pub(super) base: String,
    pub(super) signing_region: String,
}

/// Regions by the beginnings of their names, and how hosts end there.
const PARTITIONS: [(&str, &str, &str); 8] = [
    ("cn-", "aws-cn", "amazonaws.com.cn"),
    ("us-gov-", "aws-us-gov", "amazonaws.com"),
    ("us-iso-", "aws-iso", "c2s.ic.gov"),
    ("us-isob-", "aws-iso-b", "sc2s.sgov.gov"),
    ("eu-isoe-", "aws-iso-e", "cloud.adc-e.uk"),
    ("us-isof-", "aws-iso-f", "csp.hci.ic.gov"),
    ("eusc-", "aws-eusc", "amazonaws.eu"),
    ("", "aws", "amazonaws.com"),
];

/// `own` is the endpoint that a person or a configuration says. An S3 bucket moves from the path to the host where it can.
/// `Err` says what cannot be reached.
pub(super) fn target(
    service: &Service,
    operation: &Operation,
    wire: &mut Wire,
    region: &str,
    own: Option<&str>,
) -> Result<Target, String> {
    let facts = service.facts();
    let (_, partition, suffix) = PARTITIONS
        .into_iter()
        .find(|(start, _, _)| region.starts_with(start))
        .unwrap_or(PARTITIONS[7]);
    let places = facts.places.get(partition);
    let said = places.and_then(|p| p.global.as_ref().or_else(|| p.regions.get(region)));
    let Place(mut host, signing_region) = said.cloned().unwrap_or_else(|| {
        let host = format!("{}.{region}.{suffix}", facts.prefix);
        Place(host, region.to_owned())
    });
    if let Some(own) = own {
        return Ok(Target {
            base: own.trim_end_matches('/').to_owned(),
            signing_region,
        });
    }
    if let Some(prefix) = operation.endpoint.as_ref().map(|e| e.host_prefix.as_str()) {
        if prefix.contains('{') {
            return Err(format!("{} needs an `endpoint`", operation.name));
        }
        host = format!("{prefix}{host}");
    }
    if facts.name == "s3" {
        host = bucket_host(wire, &host)?;
    }
    Ok(Target {
        base: format!("https://{host}"),
        signing_region,
    })
}

/// The bucket's own host; one with a dot has no certificate there, so it stays in the path.
fn bucket_host(wire: &mut Wire, host: &str) -> Result<String, String> {
    let rest = wire.path.strip_prefix('/').unwrap_or_default().to_owned();
    let (bucket, key) = rest.split_once('/').unwrap_or((&rest, ""));
    if bucket.starts_with(&escaped("arn:", false)) {
        return Err("a bucket is said by its name here, not by an ARN".to_owned());
    }
    let fits = bucket.len() >= 3
        && bucket.len() <= 63
        && bucket
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !fits {
        return Ok(host.to_owned());
    }
    wire.path = format!("/{key}");
    Ok(format!("{bucket}.{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::aws_model::service;

    fn check(name: &str, action: &str, region: &str, path: &str, own: Option<&str>) -> String {
        let service = service(name).unwrap();
        let mut wire = Wire {
            path: path.to_owned(),
            ..Wire::default()
        };
        let operation = service.operation(action).unwrap();
        match target(service, &operation, &mut wire, region, own) {
            Ok(to) => format!("{}{} {}", to.base, wire.path, to.signing_region),
            Err(why) => why,
        }
    }

    const CASES: &[(&str, &str, &str, &str, &str)] = &[
        (
            "ec2",
            "DescribeInstances",
            "eu-west-1",
            "/",
            "https://ec2.eu-west-1.amazonaws.com/ eu-west-1",
        ),
        (
            "ec2",
            "DescribeInstances",
            "cn-north-1",
            "/",
            "https://ec2.cn-north-1.amazonaws.com.cn/ cn-north-1",
        ),
        (
            "ec2",
            "DescribeInstances",
            "us-gov-west-1",
            "/",
            "https://ec2.us-gov-west-1.amazonaws.com/ us-gov-west-1",
        ),
        (
            "iam",
            "ListRoles",
            "eu-west-1",
            "/",
            "https://iam.amazonaws.com/ us-east-1",
        ),
        (
            "iam",
            "ListRoles",
            "cn-north-1",
            "/",
            "https://iam.cn-north-1.amazonaws.com.cn/ cn-north-1",
        ),
        (
            "iam",
            "ListRoles",
            "us-gov-east-1",
            "/",
            "https://iam.us-gov.amazonaws.com/ us-gov-west-1",
        ),
        (
            "route53",
            "ListHostedZones",
            "eu-west-1",
            "/x",
            "https://route53.amazonaws.com/x us-east-1",
        ),
        (
            "sts",
            "GetCallerIdentity",
            "eu-west-1",
            "/",
            "https://sts.eu-west-1.amazonaws.com/ eu-west-1",
        ),
        (
            "cloudwatch",
            "ListMetrics",
            "eu-west-1",
            "/",
            "https://monitoring.eu-west-1.amazonaws.com/ eu-west-1",
        ),
        (
            "ecr",
            "DescribeRepositories",
            "eu-west-1",
            "/",
            "https://api.ecr.eu-west-1.amazonaws.com/ eu-west-1",
        ),
        (
            "s3",
            "GetObject",
            "eu-west-1",
            "/bucket/a/b",
            "https://bucket.s3.eu-west-1.amazonaws.com/a/b eu-west-1",
        ),
        (
            "s3",
            "GetObject",
            "eu-west-1",
            "/my.bucket/a",
            "https://s3.eu-west-1.amazonaws.com/my.bucket/a eu-west-1",
        ),
        (
            "s3",
            "ListBuckets",
            "eu-west-1",
            "/",
            "https://s3.eu-west-1.amazonaws.com/ eu-west-1",
        ),
        (
            "s3",
            "HeadBucket",
            "us-gov-west-1",
            "/bucket",
            "https://bucket.s3.us-gov-west-1.amazonaws.com/ us-gov-west-1",
        ),
        (
            "servicediscovery",
            "DiscoverInstances",
            "eu-west-1",
            "/",
            "https://data-servicediscovery.eu-west-1.amazonaws.com/ eu-west-1",
        ),
    ];

    /// As the endpoint rules of botocore 1.44.8 have them.
    #[test]
    fn hosts_of_services() {
        for &(name, action, region, path, expected) in CASES {
            assert_eq!(
                check(name, action, region, path, None),
                expected,
                "{name} {region}"
            );
        }
        let own = check(
            "s3",
            "GetObject",
            "eu-west-1",
            "/bucket/a",
            Some("http://127.0.0.1:1/"),
        );
        assert_eq!(own, "http://127.0.0.1:1/bucket/a eu-west-1");
    }
}
