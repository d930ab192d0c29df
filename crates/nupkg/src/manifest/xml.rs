//! A nuspec's XML as a small tree, by the rules of the .NET reader that NuGet uses: no document type, no unknown entity, no
//! character that XML does not allow, blank text dropped.

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, QName, ResolveResult};
use quick_xml::reader::NsReader;
use std::borrow::Cow;

/// Elements that a nuspec may have.
const MAX_ELEMENTS: usize = 50_000;
/// How deep they may stand in each other.
const MAX_DEPTH: usize = 64;

/// An element: names, attributes, text directly in it, children.
#[derive(Debug, Default)]
pub(super) struct Element {
    namespace: String,
    pub(super) name: String,
    /// The namespace of names without a prefix in it.
    default_namespace: String,
    attributes: Vec<(String, String)>,
    /// Text of it and all in it, in order.
    pub(super) text: String,
    pub(super) children: Vec<Element>,
}

impl Element {
    /// Children of this name in the namespace that holds for names without a prefix here.
    pub(super) fn named<'a>(&'a self, scope: &'a Self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name && child.namespace == scope.default_namespace)
    }

    /// An attribute without a namespace.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Reads a document; the root element is returned.
pub(super) fn read(raw: &[u8]) -> Result<Element, String> {
    let text = decode(raw)?;
    check_characters(&text)?;
    Builder::default().run(&text)
}

fn check_characters(text: &str) -> Result<(), String> {
    match text.chars().find(|c| !is_xml_char(*c)) {
        Some(bad) => Err(format!("the character U+{:04X} is not allowed in XML", u32::from(bad))),
        None => Ok(()),
    }
}

fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// The text, by byte order mark, by the zero bytes of UTF-16, by the encoding that the declaration names, else UTF-8; line ends
/// as XML wants them.
fn decode(raw: &[u8]) -> Result<String, String> {
    let utf16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes.as_chunks::<2>();
        let text = char::decode_utf16(pairs.iter().copied().map(unit)).collect::<Result<String, _>>();
        if rest.is_empty() { text.map_err(|e| e.to_string()) } else { Err("half a UTF-16 unit at the end".to_owned()) }
    };
    let text = match raw {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest)?,
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        [b'<', 0, ..] => utf16(raw, u16::from_le_bytes)?,
        [0, b'<', ..] => utf16(raw, u16::from_be_bytes)?,
        _ => match declared_encoding(raw).as_deref() {
            None | Some("utf-8") => utf8(raw)?,
            Some("us-ascii") if raw.is_ascii() => utf8(raw)?,
            Some("iso-8859-1") => raw.iter().map(|byte| char::from(*byte)).collect(),
            Some(other) => return Err(format!("its encoding {other:?} is not supported")),
        },
    };
    Ok(if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text })
}

fn utf8(bytes: &[u8]) -> Result<String, String> {
    std::str::from_utf8(bytes).map(str::to_owned).map_err(|e| e.to_string())
}

/// The encoding that an XML declaration in ASCII-like bytes names, lower-cased.
fn declared_encoding(raw: &[u8]) -> Option<String> {
    let declaration = raw.strip_prefix(b"<?xml")?;
    let end = declaration.windows(2).take(256).position(|two| two == b"?>")?;
    let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value[1..].split(quote).next()?.to_ascii_lowercase())
}

/// Builds the tree from events.
#[derive(Default)]
struct Builder {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    /// Text since the last tag.
    run: String,
}

impl Builder {
    fn run(mut self, text: &str) -> Result<Element, String> {
        let mut reader = NsReader::from_str(text);
        reader.config_mut().check_comments = true;
        reader.config_mut().expand_empty_elements = true;
        loop {
            match reader.read_event().map_err(|e| e.to_string())? {
                Event::Start(tag) => {
                    self.end_run()?;
                    self.start(&reader, &tag)?;
                }
                Event::End(_) => {
                    self.end_run()?;
                    self.end();
                }
                Event::Text(text) => self.run.push_str(&text.decode().map_err(|e| e.to_string())?),
                Event::GeneralRef(reference) => {
                    let name = reference.decode().map_err(|e| e.to_string())?;
                    let value = unescape(&format!("&{name};")).map_err(|e| e.to_string())?.into_owned();
                    check_characters(&value)?;
                    self.run.push_str(&value);
                }
                Event::CData(data) => {
                    self.end_run()?;
                    // Unlike text it counts even when it is blank.
                    let element = self.open.last_mut().ok_or("it has text outside its element")?;
                    element.text.push_str(&data.decode().map_err(|e| e.to_string())?);
                }
                Event::DocType(_) => return Err("it has a document type".to_owned()),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::Empty(_) => {}
                Event::Eof => break,
            }
        }
        self.end_run()?;
        if self.open.is_empty() {
            self.root.ok_or_else(|| "it has no element".to_owned())
        } else {
            Err("it ends within an element".to_owned())
        }
    }

    fn end_run(&mut self) -> Result<(), String> {
        let blank = self.run.chars().all(|c| matches!(c, ' ' | '\t' | '\n'));
        if !blank {
            match self.open.last_mut() {
                Some(element) => element.text.push_str(&self.run),
                None => return Err("it has text outside its element".to_owned()),
            }
        }
        self.run.clear();
        Ok(())
    }

    fn start(&mut self, reader: &NsReader<&[u8]>, tag: &BytesStart<'_>) -> Result<(), String> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS || self.open.len() == MAX_DEPTH {
            return Err("it has too many elements, or too deep ones".to_owned());
        }
        if self.root.is_some() {
            return Err("it has two root elements".to_owned());
        }
        let (namespace, local) = reader.resolver().resolve_element(tag.name());
        let mut element = Element {
            namespace: namespace_text(&namespace)?,
            name: utf8(local.as_ref())?,
            default_namespace: namespace_text(&reader.resolver().resolve_element(QName(b"x")).0)?,
            ..Element::default()
        };
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|e| e.to_string())?;
            let value = utf8(&attribute.value)?;
            if value.contains('<') {
                return Err("an attribute holds a <".to_owned());
            }
            let spaced: Cow<'_, str> = if value.contains(['\t', '\n']) { value.replace(['\t', '\n'], " ").into() } else { value.into() };
            let value = unescape(&spaced).map_err(|e| e.to_string())?.into_owned();
            check_characters(&value)?;
            match attribute.key.as_namespace_binding() {
                Some(PrefixDeclaration::Default | PrefixDeclaration::Named(_)) => {}
                None if attribute.key.prefix().is_none() => element.attributes.push((utf8(attribute.key.as_ref())?, value)),
                None => {}
            }
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) {
        // The reader has matched the tags, so there is one.
        let Some(element) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => {
                parent.text.push_str(&element.text);
                parent.children.push(element);
            }
            None => self.root = Some(element),
        }
    }
}

fn namespace_text(namespace: &ResolveResult<'_>) -> Result<String, String> {
    match namespace {
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Bound(namespace) => utf8(namespace.as_ref()),
        ResolveResult::Unknown(prefix) => Err(format!("the prefix {:?} is not declared", String::from_utf8_lossy(prefix))),
    }
}
