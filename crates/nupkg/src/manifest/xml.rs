//! A nuspec's XML as a small tree, by the rules of the .NET reader that NuGet uses: no document type, no unknown entity, no
//! character that XML does not allow, blank text dropped.

use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{PrefixDeclaration, QName, ResolveResult};
use quick_xml::reader::NsReader;
use std::collections::HashSet;

/// Elements that a nuspec may have.
const MAX_ELEMENTS: usize = 50_000;
/// How deep they may stand in each other.
const MAX_DEPTH: usize = 64;
/// Attributes that one may have. Looking for two alike, or for a prefix, takes time for each pair.
const MAX_ATTRIBUTES: usize = 64;

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
    // The reader would pass over a second byte order mark.
    if text.starts_with('\u{feff}') {
        return Err("it has two byte order marks".to_owned());
    }
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
            let at = reader.buffer_position();
            match reader.read_event().map_err(|e| e.to_string())? {
                Event::Start(tag) => {
                    self.end_run()?;
                    self.start(&reader, &tag)?;
                }
                Event::End(_) => {
                    self.end_run()?;
                    self.end();
                }
                Event::Text(text) => {
                    let text = text.decode().map_err(|e| e.to_string())?;
                    if text.contains("]]>") {
                        return Err("]]> stands in text".to_owned());
                    }
                    self.run.push_str(&text);
                }
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
                Event::Decl(declaration) => check_declaration(&declaration, at == 0)?,
                Event::PI(instruction) => {
                    let target = instruction.target();
                    if target.eq_ignore_ascii_case(b"xml") || target.contains(&b':') {
                        return Err("an instruction has a name that is none".to_owned());
                    }
                    check_name(QName(target))?;
                    self.end_run()?;
                }
                Event::Comment(_) => self.end_run()?,
                // The reader makes two tags of one.
                Event::Empty(_) => {}
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
        check_name(tag.name())?;
        if !attributes_are_spaced(tag.attributes_raw()) {
            return Err("attributes stand without a blank between them".to_owned());
        }
        let mut seen = HashSet::new();
        for attribute in tag.attributes().with_checks(false) {
            let attribute = attribute.map_err(|e| e.to_string())?;
            check_name(attribute.key)?;
            let value = attribute_value(&attribute.value)?;
            let (namespace, local) = reader.resolver().resolve_attribute(attribute.key);
            let local = utf8(local.as_ref())?;
            if !seen.insert((namespace_text(&namespace)?, local.clone())) || seen.len() > MAX_ATTRIBUTES {
                return Err("an element has an attribute twice, or too many of them".to_owned());
            }
            match attribute.key.as_namespace_binding() {
                Some(PrefixDeclaration::Named(_)) if value.is_empty() => return Err("a prefix is declared as nothing".to_owned()),
                None if attribute.key.prefix().is_none() => element.attributes.push((local, value)),
                _ => {}
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

/// An attribute's value: blanks normalised, references resolved.
fn attribute_value(raw: &[u8]) -> Result<String, String> {
    let value = utf8(raw)?;
    if value.contains('<') {
        return Err("an attribute holds a <".to_owned());
    }
    let value = unescape(&value.replace(['\t', '\n'], " ")).map_err(|e| e.to_string())?.into_owned();
    check_characters(&value)?;
    Ok(value)
}

/// Whether something stands between the end of each value and the next name.
fn attributes_are_spaced(raw: &[u8]) -> bool {
    let mut quote = None;
    let mut closed = false;
    for &byte in raw {
        if closed && !matches!(byte, b' ' | b'\t' | b'\n' | b'/') {
            return false;
        }
        closed = quote == Some(byte);
        match quote {
            Some(open) if open == byte => quote = None,
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            _ => {}
        }
    }
    true
}

/// Names of elements and attributes: a local name, perhaps after a prefix and a colon.
fn check_name(name: QName<'_>) -> Result<(), String> {
    let text = utf8(name.as_ref())?;
    let is_name = |part: &str| part.starts_with(is_name_start) && part.chars().all(is_name_char);
    if text.splitn(2, ':').all(is_name) { Ok(()) } else { Err(format!("{text:?} is not a name")) }
}

/// Where a name may begin, the colon aside (XML 1.0, production 4).
fn is_name_start(c: char) -> bool {
    matches!(c, 'A'..='Z' | 'a'..='z' | '_' | '\u{C0}'..='\u{D6}' | '\u{D8}'..='\u{F6}' | '\u{F8}'..='\u{2FF}' | '\u{370}'..='\u{37D}'
        | '\u{37F}'..='\u{1FFF}' | '\u{200C}'..='\u{200D}' | '\u{2070}'..='\u{218F}' | '\u{2C00}'..='\u{2FEF}'
        | '\u{3001}'..='\u{D7FF}' | '\u{F900}'..='\u{FDCF}' | '\u{FDF0}'..='\u{FFFD}')
}

/// How it may go on (production 4a).
fn is_name_char(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{B7}' | '\u{300}'..='\u{36F}' | '\u{203F}'..='\u{2040}')
}

/// A declaration stands first of all, and is written as XML wants it.
fn check_declaration(declaration: &[u8], first: bool) -> Result<(), String> {
    let text = utf8(declaration)?;
    let known = text.strip_prefix("xml").and_then(is_declaration);
    if first && known.is_some() { Ok(()) } else { Err("its XML declaration is not the first thing in it, or is not one".to_owned()) }
}

/// ```text
/// S "version" Eq "1.0" [ S "encoding" Eq name ] [ S "standalone" Eq ( "yes" / "no" ) ] [ S ]
/// ```
fn is_declaration(text: &str) -> Option<()> {
    let (version, mut rest) = pseudo_attribute(text, "version")?;
    if let Some((encoding, behind)) = pseudo_attribute(rest, "encoding") {
        let named = encoding.starts_with(|c: char| c.is_ascii_alphabetic())
            && encoding.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
        rest = named.then_some(behind)?;
    }
    if let Some((standalone, behind)) = pseudo_attribute(rest, "standalone") {
        rest = matches!(standalone, "yes" | "no").then_some(behind)?;
    }
    (version == "1.0" && rest.trim_matches([' ', '\t', '\n']).is_empty()).then_some(())
}

/// Blanks, the name, `=` with blanks around it, a quoted value; the value, and what stands behind it.
fn pseudo_attribute<'a>(text: &'a str, name: &str) -> Option<(&'a str, &'a str)> {
    const BLANK: [char; 3] = [' ', '\t', '\n'];
    let rest = text.strip_prefix(BLANK)?.trim_start_matches(BLANK).strip_prefix(name)?;
    let rest = rest.trim_start_matches(BLANK).strip_prefix('=')?.trim_start_matches(BLANK);
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    rest[1..].split_once(quote)
}

fn namespace_text(namespace: &ResolveResult<'_>) -> Result<String, String> {
    match namespace {
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Bound(namespace) => utf8(namespace.as_ref()),
        ResolveResult::Unknown(prefix) => Err(format!("the prefix {:?} is not declared", String::from_utf8_lossy(prefix))),
    }
}
