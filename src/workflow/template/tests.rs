//! Tables: a text or an expression, and what it gives.

use serde_json::{Value as Json, json};

use super::{Expr, Filled, Part, Scope, Template, Tree};

/// `steps` and everything else from one JSON value.
struct Values(Json);

impl Scope for Values {
    fn root(&self, name: &str) -> Option<Json> {
        assert!(name != "steps" && name != "secrets", "asked for {name}");
        self.0.get(name).cloned()
    }

    fn step(&self, id: &str) -> Option<Json> {
        self.0["steps"].get(id).cloned()
    }
}

fn values() -> Values {
    Values(json!({
        "params": {"target": "eu-north", "n": 3, "go": true, "none": null, "list": ["a", "b"], "f": 1.5},
        "steps": {
            "db-promote": {"status": "succeeded", "outputs": {"endpoint": "db:5432", "n": "7"}},
            "a": {"status": "failed", "outputs": {}},
        },
        "body": {"writes": false, "items": [{"id": 1}], "text": "{\"x\": [1, 2]}"},
        "status": 200,
        "item": "eu",
        "secret_like": {"x": 1},
    }))
}

fn gives(source: &str, expected: &Json) {
    let expr = Expr::parse(source).unwrap_or_else(|e| panic!("{source}: {e}"));
    let value = expr.eval(&values());
    assert_eq!(value.as_ref(), Ok(expected), "{source}");
    let written = serde_json::to_value(&expr).unwrap();
    let again: Expr = serde_json::from_value(written).unwrap();
    assert_eq!(again.eval(&values()), value, "{source} read again");
}

fn fails(source: &str, expected: &str) {
    let expr = Expr::parse(source).unwrap_or_else(|e| panic!("{source}: {e}"));
    let error = expr.eval(&values()).expect_err(source).to_string();
    assert!(error.contains(expected), "{source}: {error}");
}

fn refused(source: &str, expected: &str) {
    let bad = Expr::parse(source).expect_err(source);
    let text = format!("{} {}", bad.message, bad.hint.unwrap_or_default());
    assert!(text.contains(expected), "{source}: {text}");
}

#[test]
fn expressions() {
    for (source, expected) in [
        ("1 + 2", json!(3)),
        ("params.target == 'eu-north'", json!(true)),
        ("params.n", json!(3)),
        ("params.f * 2", json!(3.0)),
        ("params.none", json!(null)),
        ("params.list", json!(["a", "b"])),
        ("${{ params.n }}", json!(3)),
        ("range(1, 4)", json!([1, 2, 3])),
        ("range(1, params.n + 1) | list", json!([1, 2, 3])),
        ("steps.db-promote.outputs.endpoint", json!("db:5432")),
        ("steps['db-promote'].outputs['endpoint']", json!("db:5432")),
        ("steps.db-promote.outputs.n | int - 1", json!(6)),
        ("steps.a.outputs.x | default('none')", json!("none")),
        ("steps.a.outputs.x is defined", json!(false)),
        ("steps.a.status in ['failed', 'ignored']", json!(true)),
        ("status == 200 and not body.writes", json!(true)),
        ("body.items[0].id", json!(1)),
        ("(body.text | fromjson).x[1]", json!(2)),
        ("params.list | tojson", json!("[\"a\",\"b\"]")),
        ("params.list | length", json!(2)),
        ("params.list | join('-')", json!("a-b")),
        ("params.list | first ~ (params.list | last)", json!("ab")),
        ("'a b  c' | split", json!(["a", "b", "c"])),
        ("'a,b' | split(',')", json!(["a", "b"])),
        ("'a-b' | replace('-', '+') | upper", json!("A+B")),
        ("' A ' | trim | lower", json!("a")),
        ("[3, 1, 3] | unique | sort", json!([1, 3])),
        ("[3, 1] | max", json!(3)),
        ("[3, 1] | min", json!(1)),
        ("(-3) | abs", json!(3)),
        ("2.6 | round | int", json!(3)),
        ("'7' | int + 1", json!(8)),
        ("'1.5' | float", json!(1.5)),
        ("7 | string", json!("7")),
        ("{'b': 1, 'a': 2} | keys | sort", json!(["a", "b"])),
        ("{'b': 1} | values", json!([1])),
        ("{'b': 1} | items", json!([["b", 1]])),
        ("'eu-west' is matches('^eu-')", json!(true)),
        ("'eu-west' | matches('^us-')", json!(false)),
        ("'eu-west' is startingwith('eu')", json!(true)),
        ("'eu-west' | endswith('west')", json!(true)),
        ("'a' if params.go else 'b'", json!("a")),
        ("{'a': {'b': 1}}.a.b", json!(1)),
        ("'${{'", json!("${{")),
        ("'ä' ~ params.target", json!("äeu-north")),
    ] {
        gives(source, &expected);
    }
}

#[test]
fn what_is_not_there_is_named() {
    fails(
        "params.targt",
        "`params.targt` has no value (did you mean `target`?) in `params.targt`",
    );
    fails("params.targt == 'x'", "did you mean `target`?");
    fails(
        "steps.a.outputs.x ~ 'y'",
        "`steps.a.outputs.x` has no value",
    );
    fails("nothing", "`nothing` is not known here");
    fails("params.n + 'x'", "in `params.n + 'x'`");
    fails("params.target | fromjson", "not JSON");
    fails("1 / 0", "in `1 / 0`");
}

#[test]
fn what_differs_in_kind_has_no_order() {
    let nothing = "cannot tell which of nothing and a number is more in";
    for source in [
        "params.none < 5",
        "params.none >= -1 or true",
        "1 if params.go and params.none < 5 else 2",
        "[1, [params.none < 5]]",
        "0 < params.n < 9 and params.none < 5",
    ] {
        fails(source, nothing);
    }
    fails("5 > params.none", "a number and nothing");
    let text = "a text and a number is more: make a number of the text with `| int`";
    fails("steps.db-promote.outputs.n > 30", text);
    fails("params.go > 0", "true or false and a number");
    for (source, expected) in [
        ("params.none is not none and params.none < 5", false),
        ("(steps.db-promote.outputs.n | int) > 30", false),
        ("steps.db-promote.outputs.n | int - 1 < 7", true),
        ("1 < params.n <= 3 < params.f * 3", true),
        ("'a' < params.target and not params.n > 3", true),
        ("[1, 10] > [1, 9]", true),
        ("params.none == 5 or params.none == none", true),
    ] {
        gives(source, &json!(expected));
    }
}

#[test]
fn endless_and_huge_expressions_end_soon() {
    fails(
        "range(100000) | list | sort | join(',') | split(',') | sort",
        "",
    );
    fails("'a' * 300000000", "");
    for nested in [
        format!("{}true", "not ".repeat(295)),
        format!("{}1", "-".repeat(295)),
        format!("a{}", ".b".repeat(148)),
        format!("a{}", "[0]".repeat(98)),
        format!("a{}", "|abs".repeat(148)),
        format!("{}1", "1 if a else ".repeat(70)),
        format!("{}1", "1 + ".repeat(148)),
        format!("{}1{}", "[".repeat(148), "]".repeat(148)),
        format!("{}1{}", "{'a':".repeat(98), "}".repeat(98)),
    ] {
        if let Ok(expr) = Expr::parse(&nested) {
            drop(expr.eval(&values()));
        }
    }
    refused(&"1 + ".repeat(5_000), "too long");
    refused(
        &format!("{}1{}", "(".repeat(5_000), ")".repeat(5_000)),
        "too long",
    );
}

/// Each of these once counted as true, or could.
#[test]
fn a_broken_expression_never_counts() {
    for source in [
        "params.target == 'prod' && params.go",
        "params.target == 'eu-north' ; anything )))",
        "params.target == 'eu-north' § and false",
        "'a' @ 'b'",
        "true }} false",
        "true }} ${{ false",
        "{% if x %}true{% endif %}",
        "true {# comment",
        "a b",
        "a =",
        "",
        "  ",
        "(",
        "'open",
        "x.y()",
        "x | nofilter",
        "x is notest",
        "nofunction(1)",
        "true or",
    ] {
        assert!(Expr::parse(source).is_err(), "{source} was accepted");
        let text = format!("${{{{ {source} }}}}");
        assert!(
            Template::parse(&text).is_err() || source.contains("}}"),
            "{text} was accepted"
        );
    }
}

#[test]
fn mistakes_come_with_the_way_out() {
    refused("a && b", "write `and`");
    refused("a || b", "write `or`");
    refused("!a", "write `not`");
    refused("a = 'b'", "write `==`");
    refused("${{ a }} == 'b'", "without `${{ }}`");
    refused("a ? b : c", "write `a if condition else b`");
    refused("a | lenght", "did you mean `length`?");
    refused("rang(1)", "there is no function `rang`");
    refused("a is matches('(')", "is not a pattern");
    refused("a.startswith('x')", "use a filter");
}

#[test]
fn a_condition_must_be_true_or_false() {
    let truth = |source: &str| Expr::parse(source).unwrap().truth(&values());
    assert_eq!(truth("params.go"), Ok(true));
    assert_eq!(truth("not params.go"), Ok(false));
    for source in [
        "params.target",
        "params.n",
        "params.list",
        "params.none",
        "'true'",
    ] {
        let error = truth(source).unwrap_err();
        assert!(
            error.message.starts_with("expected true or false"),
            "{source}: {error}"
        );
    }
}

#[test]
fn secrets_are_not_values() {
    fails("secrets.token", "`secrets` is not known here");
    fails("secrets.token ~ 'x'", "`secrets` is not known here");
}

fn filled(source: &str) -> Filled {
    let template = Template::parse(source).unwrap_or_else(|e| panic!("{source}: {e}"));
    let filled = template
        .fill(&values())
        .unwrap_or_else(|e| panic!("{source}: {e}"));
    let written = serde_json::to_value(&template).unwrap();
    let again: Template = serde_json::from_value(written).unwrap();
    assert_eq!(
        again.fill(&values()).as_ref(),
        Ok(&filled),
        "{source} read again"
    );
    filled
}

#[test]
fn texts_are_filled() {
    for (source, expected) in [
        ("plain", "plain"),
        ("", ""),
        (
            "${HOME} $((1+2)) {{ keep }} {% keep %}",
            "${HOME} $((1+2)) {{ keep }} {% keep %}",
        ),
        ("to ${{ params.target }}!", "to eu-north!"),
        ("${{params.n}}${{ params.n }}", "33"),
        ("${{ {'a': {'b': '}}'}}.a.b }}", "}}"),
        ("${{ params.none }}", ""),
        ("${{ params.list }}", "[\"a\",\"b\"]"),
        ("${{ params.go }}", "true"),
        ("${{ '${{' }} x }}", "${{ x }}"),
        ("ü ${{ item }} ü", "ü eu ü"),
    ] {
        assert_eq!(filled(source), Filled::text(expected), "{source}");
    }
}

#[test]
fn secrets_stay_references() {
    let text = |t: &str| Part::Text(t.to_owned());
    let secret = |t: &str| Part::Secret(t.to_owned());
    for (source, expected) in [
        ("${{ secrets.token }}", vec![secret("token")]),
        (
            "Bearer ${{secrets.token}} ${{ params.n }}${{ secrets.b }}",
            vec![text("Bearer "), secret("token"), text(" 3"), secret("b")],
        ),
    ] {
        assert_eq!(filled(source).parts, expected, "{source}");
        assert!(!filled(source).masked().contains("token"));
        let typed = Filled::typed(&filled(source).editable(), &|_| true).unwrap();
        assert_eq!(typed, filled(source));
    }
}

#[test]
fn what_an_operator_types_is_literal_but_for_secrets() {
    let typed = |text: &str| Filled::typed(text, &|name| name == "token");
    assert_eq!(
        typed("${{ params.x }} ${{").unwrap(),
        Filled::text("${{ params.x }} ${{")
    );
    assert_eq!(
        typed("a ${{ secrets.token }}").unwrap().secrets().count(),
        1
    );
    assert!(
        typed("${{ secrets.tokn }}")
            .unwrap_err()
            .message
            .contains("tokn")
    );
}

#[test]
fn literals_stay_literal() {
    let nasty = "a ${{ params.n }} ${{ '${{' }}";
    let literal = Template::literal(nasty);
    assert!(literal.is_constant());
    assert_eq!(literal.fill(&values()).unwrap(), Filled::text(nasty));
    let written = serde_json::to_value(&literal).unwrap();
    let again: Template = serde_json::from_value(written).unwrap();
    assert!(again.is_constant());
    assert_eq!(again.fill(&values()).unwrap().masked(), nasty);
}

#[test]
fn a_whole_expression_keeps_its_type() {
    let value = |source: &str| {
        let template = Template::parse(source).unwrap();
        template.value(&values()).unwrap().masked_json()
    };
    assert_eq!(value("${{ params.n }}"), json!(3));
    assert_eq!(value("${{ params.list }}"), json!(["a", "b"]));
    assert_eq!(value("${{ params.n }} "), json!("3 "));
    assert_eq!(value("${{ secrets.token }}"), json!("***"));
    let tree = Tree::Map(vec![(
        "n".to_owned(),
        Tree::List(vec![Tree::Text(Template::parse("${{ body }}").unwrap())]),
    )]);
    assert_eq!(
        tree.fill(&values()).unwrap().masked_json()["n"][0]["writes"],
        json!(false)
    );
}

#[test]
fn unclosed_expressions_have_a_place() {
    let bad = Template::parse("ab ${{ x ").unwrap_err();
    assert_eq!((bad.code, bad.span), ("unclosed_expression", 3..6));
    let bad = Template::parse("ab ${{ '}}' ").unwrap_err();
    assert_eq!(bad.code, "unclosed_expression");
}
