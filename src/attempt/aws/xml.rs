//! XML as services want it.

use serde_json::Value as Json;

use super::encode::{entries, said, text};
use super::moment::Format;
use crate::aws_model::{Kind, Member, Namespace, Service, Shape};

/// A document whose root is this structure.
pub(super) fn document(
    service: &Service,
    name: &str,
    namespace: Option<&Namespace>,
    shape: &Shape,
    value: &Json,
) -> Result<String, String> {
    let mut writer = Writer {
        service,
        out: String::new(),
    };
    writer.structure(name, namespace, shape, value)?;
    Ok(writer.out)
}

struct Writer<'a> {
    service: &'a Service,
    out: String,
}

impl Writer<'_> {
    fn structure(
        &mut self,
        tag: &str,
        namespace: Option<&Namespace>,
        shape: &Shape,
        value: &Json,
    ) -> Result<(), String> {
        self.out.push('<');
        self.out.push_str(tag);
        if let Some(Namespace {
            uri: Some(uri),
            prefix,
        }) = namespace
        {
            let prefix = prefix
                .as_deref()
                .map(|p| format!(":{p}"))
                .unwrap_or_default();
            self.attribute(&format!("xmlns{prefix}"), uri);
        }
        for (name, value) in entries(value) {
            if let Some(member) = shape.members.get(name).filter(|m| m.xml_attribute) {
                let name = member.location_name.as_deref().unwrap_or(name);
                self.attribute(name, value.as_str().unwrap_or_default());
            }
        }
        self.out.push('>');
        for (name, value) in entries(value) {
            if let Some(member) = shape.members.get(name).filter(|m| !m.xml_attribute) {
                let target = self.service.shape(&member.shape);
                let name = said(member, &target).unwrap_or(name);
                self.value(name, member, value)?;
            }
        }
        self.close(tag);
        Ok(())
    }

    fn value(&mut self, tag: &str, member: &Member, value: &Json) -> Result<(), String> {
        let shape = self.service.shape(&member.shape);
        let flat = member.flattened || shape.flattened;
        match (shape.kind, &shape.member, &shape.value) {
            (Kind::Structure, _, _) => {
                let namespace = member
                    .xml_namespace
                    .as_ref()
                    .or(shape.xml_namespace.as_ref());
                self.structure(tag, namespace, &shape, value)?;
            }
            (Kind::List, Some(item), _) => {
                let name = if flat {
                    tag
                } else {
                    item.location_name.as_deref().unwrap_or("member")
                };
                if !flat {
                    self.open(tag);
                }
                for one in value.as_array().into_iter().flatten() {
                    self.value(name, item, one)?;
                }
                if !flat {
                    self.close(tag);
                }
            }
            (Kind::Map, _, Some(inner)) => {
                self.open(tag);
                for (key, one) in entries(value) {
                    self.open("entry");
                    self.element("key", key);
                    self.value("value", inner, one)?;
                    self.close("entry");
                }
                self.close(tag);
            }
            _ => {
                let text = text(&shape, member, value, Format::Iso)?.unwrap_or_default();
                self.element(tag, &text);
            }
        }
        Ok(())
    }

    fn element(&mut self, tag: &str, text: &str) {
        self.open(tag);
        self.escape(text);
        self.close(tag);
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        self.escape(value);
        self.out.push('"');
    }

    fn open(&mut self, tag: &str) {
        self.out.push('<');
        self.out.push_str(tag);
        self.out.push('>');
    }

    fn close(&mut self, tag: &str) {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }

    fn escape(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.out.push_str("&amp;"),
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '"' => self.out.push_str("&quot;"),
                '\r' => self.out.push_str("&#13;"),
                '\n' => self.out.push_str("&#10;"),
                c => self.out.push(c),
            }
        }
    }
}
