#!/usr/bin/env python3
"""Strips botocore's service descriptions to what a call needs: one file of `data/` for each service.

Run by hand when operations or services are to be added: `pip install botocore==VERSION && python3 extract.py`, then look at
`git diff --stat` and commit the data. A file is zlib (level 9) over UTF-8 lines. The first is a JSON map about the service;
each other one is a letter (`o` operation, `p` paginator, `s` shape, `w` waiter), a name, a tab, and JSON in botocore's own
words. They are sorted by bytes, so that one is found by halving.
"""
import json
import pathlib
import zlib

import botocore
import botocore.loaders

SERVICES = """
acm apigatewayv2 application-autoscaling arc-region-switch arc-zonal-shift autoscaling backup batch cloudformation cloudfront
cloudwatch codedeploy dms docdb drs dynamodb ec2 ecr ecs efs eks elasticache elb elbv2 events fsx globalaccelerator iam kinesis
kms lambda logs memorydb neptune opensearch rds redshift route53 route53-recovery-cluster route53-recovery-control-config
route53-recovery-readiness route53resolver s3 secretsmanager servicediscovery sns sqs ssm stepfunctions sts wafv2
""".split()

# What the client speaks, best first. The service's own first choice wins if it is one of them.
PROTOCOLS = ["query", "ec2", "rest-json", "json", "rest-xml"]
OPERATION = ["http", "input", "output", "idempotent", "readonly", "authtype", "endpoint", "httpChecksum"]
PAGES = ["input_token", "output_token", "result_key", "more_results", "limit_key"]
SHAPE = ["type", "required", "members", "member", "key", "value", "enum", "flattened", "payload", "locationName",
         "timestampFormat", "sensitive", "xmlNamespace", "streaming", "eventstream", "document", "union"]
MEMBER = ["shape", "location", "locationName", "queryName", "flattened", "xmlAttribute", "xmlNamespace", "timestampFormat",
          "idempotencyToken", "streaming", "jsonvalue"]
# Longer lists change with each week, and would be most of the data.
ENUM_MAX = 150


def only(source, keys):
    return {key: source[key] for key in keys if key in source and source[key] not in (False, [], {})}


def shape(source):
    kept = only(source, SHAPE)
    if len(kept.get("enum", [])) > ENUM_MAX:
        del kept["enum"]
    for key in ("member", "key", "value"):
        if key in kept:
            kept[key] = only(kept[key], MEMBER)
    if "members" in kept:
        kept["members"] = {name: only(member, MEMBER) for name, member in kept["members"].items()}
    return kept


def reachable(model):
    seen = set()
    todo = [part["shape"] for op in model["operations"].values() for part in (op.get("input"), op.get("output")) if part]
    while todo:
        name = todo.pop()
        if name in seen:
            continue
        seen.add(name)
        one = model["shapes"][name]
        todo += [one[key]["shape"] for key in ("member", "key", "value") if key in one]
        todo += [member["shape"] for member in one.get("members", {}).values()]
    return sorted(seen)


def protocol(metadata):
    if metadata["protocol"] in PROTOCOLS:
        return metadata["protocol"]
    return next(one for one in PROTOCOLS if one in metadata["protocols"])


def places(endpoints, prefix):
    """Where it is not `PREFIX.REGION.SUFFIX`: by partition, the global place, and regions with a host of their own."""
    found = {}
    for partition in endpoints["partitions"]:
        service = partition["services"].get(prefix, {})
        known = service.get("endpoints", {})
        usual = partition["defaults"]["hostname"]
        default = service.get("defaults", {}).get("hostname", usual)

        def host(name):
            text = known[name].get("hostname", default)
            return text.format(service=prefix, region=name, dnsSuffix=partition["dnsSuffix"])

        def place(name):
            return [host(name), known[name].get("credentialScope", {}).get("region", name)]

        here = {}
        only_one = service.get("partitionEndpoint")
        if only_one and not service.get("isRegionalized", True):
            here["global"] = place(only_one)
        else:
            plain = lambda name: f"{prefix}.{name}.{partition['dnsSuffix']}"
            regions = {
                name: place(name)
                for name in known
                if name in partition["regions"]
                and not known[name].get("deprecated")
                and place(name) != [plain(name), name]
            }
            if regions and prefix != "s3":
                here["regions"] = regions
        if here:
            found[partition["partition"]] = here
    return found


def facts(name, model, endpoints):
    metadata = model["metadata"]
    prefix = metadata["endpointPrefix"]
    return {
        "name": name,
        "id": metadata["serviceId"],
        "version": metadata["apiVersion"],
        "protocol": protocol(metadata),
        "prefix": prefix,
        "signing": metadata.get("signingName", prefix),
        "target": metadata.get("targetPrefix", ""),
        "json": metadata.get("jsonVersion", "1.0"),
        "query_errors": "awsQueryCompatible" in metadata,
        "places": places(endpoints, prefix),
    }


def optional(loader, name, kind, key):
    try:
        return loader.load_service_model(name, kind)[key]
    except botocore.loaders.UnknownServiceError:
        return {}
    except botocore.loaders.DataNotFoundError:
        return {}


def main():
    loader = botocore.loaders.Loader()
    endpoints = loader.load_data("endpoints")
    folder = pathlib.Path(__file__).parent / "data"
    dense = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    total = 0
    for name in SERVICES:
        model = loader.load_service_model(name, "service-2")
        lines = []
        for operation, source in model["operations"].items():
            lines.append(f"o{operation}\t{dense(only(source, OPERATION))}")
        for one in reachable(model):
            lines.append(f"s{one}\t{dense(shape(model['shapes'][one]))}")
        for waiter, source in optional(loader, name, "waiters-2", "waiters").items():
            lines.append(f"w{waiter}\t{dense(only(source, ['operation', 'delay', 'maxAttempts', 'acceptors']))}")
        for operation, source in optional(loader, name, "paginators-1", "pagination").items():
            if operation in model["operations"]:
                lines.append(f"p{operation}\t{dense(only(source, PAGES))}")
        lines.sort(key=lambda line: line.split("\t")[0].encode())
        text = "\n".join([dense(facts(name, model, endpoints)), *lines])
        data = zlib.compress(text.encode(), 9)
        (folder / f"{name}.z").write_bytes(data)
        total += len(data)
        print(f"{name:34} {len(text):8} {len(data):7}")
    print(f"botocore {botocore.__version__}: {len(SERVICES)} services, {total} bytes")


main()
