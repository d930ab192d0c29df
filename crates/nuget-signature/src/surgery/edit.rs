//! Inserting and removing whole elements inside a BER element, with the lengths around them mended.

use crate::der_writer;
use crate::reader::{Element, Error};
use std::ops::Range;

/// One change among the children of one element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    /// Where the element starts whose child is changed: an offset alone does not say whether "at the end" is inside or behind.
    parent: usize,
    /// The children that go; empty when something is only put in, before whatever starts there.
    range: Range<usize>,
    /// What comes instead.
    with: Vec<u8>,
}

impl Edit {
    /// Puts `with` before the child of `parent` that starts at `at`, or last when `at` is the end of its content.
    pub(super) fn insert(parent: &Element<'_>, at: usize, with: Vec<u8>) -> Self {
        Self { parent: parent.start, range: at..at, with }
    }

    /// Takes out `child` of `parent`.
    pub(super) fn remove(parent: &Element<'_>, child: &Element<'_>) -> Self {
        Self { parent: parent.start, range: child.range(), with: Vec::new() }
    }
}

/// Where `new` goes among `existing`: before the element that is returned, or last; last also when they are not sorted.
pub(super) fn sorted_place<'e, 'a>(existing: &'e [Element<'a>], new: &[u8]) -> Option<&'e Element<'a>> {
    existing.is_sorted_by(|a, b| a.bytes() <= b.bytes()).then(|| existing.iter().find(|element| element.bytes() > new)).flatten()
}

/// `root` with `edits` made. What no edit touches keeps its bytes; an indefinite length stays one.
pub(super) fn apply(root: &Element<'_>, mut edits: Vec<Edit>) -> Result<Vec<u8>, Error> {
    // Stable: insertions at one place keep the order they were given in.
    edits.sort_by_key(|edit| edit.range.start);
    let mut out = Vec::with_capacity(root.bytes().len() + edits.iter().map(|edit| edit.with.len() + 8).sum::<usize>());
    rebuild(root, &edits, &mut out)?;
    Ok(out)
}

fn rebuild(element: &Element<'_>, edits: &[Edit], out: &mut Vec<u8>) -> Result<(), Error> {
    if !edits.iter().any(|edit| (element.start..element.end).contains(&edit.parent)) {
        out.extend_from_slice(element.bytes());
        return Ok(());
    }
    let mut here = edits.iter().filter(|edit| edit.parent == element.start).peekable();
    let mut content = Vec::with_capacity(element.content().len());
    let mut removed_to = element.content_start;
    for child in element.children()? {
        while let Some(edit) = here.next_if(|edit| edit.range.start == child.start) {
            content.extend_from_slice(&edit.with);
            removed_to = removed_to.max(edit.range.end);
        }
        if child.end > removed_to {
            rebuild(&child, edits, &mut content)?;
        }
    }
    for edit in here {
        content.extend_from_slice(&edit.with);
    }
    out.push(element.tag);
    if element.indefinite {
        out.push(0x80);
        out.extend_from_slice(&content);
        out.extend_from_slice(&[0, 0]);
    } else {
        let octets = element.content_start - element.start - 1;
        out.extend(mended_length(octets, element.content().len(), content.len()));
        out.extend_from_slice(&content);
    }
    Ok(())
}

/// The length octets for `new` where `octets` octets said `old`. A length that was longer than need be stays longer by as much,
/// so that the same edit undone restores it; four octets after the first stay four.
fn mended_length(octets: usize, old: usize, new: usize) -> Vec<u8> {
    let needed = |length: usize| if length < 0x80 { 0 } else { der_writer::length_magnitude(length).len() };
    let found = octets - 1;
    let wanted = if found == 4 { 4 } else { (needed(new) + found.saturating_sub(needed(old))).min(4) }.max(needed(new));
    if wanted == 0 {
        return der_writer::length(new);
    }
    let mut magnitude = der_writer::length_magnitude(new);
    while magnitude.len() < wanted {
        magnitude.insert(0, 0);
    }
    der_writer::long_length(&magnitude)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lengths_grow_and_shrink_back() {
        for (octets, old) in [(1, 5), (2, 5), (2, 200), (3, 5), (3, 200), (3, 300), (4, 300), (5, 5), (5, 70_000)] {
            for new in [0, 100, 127, 128, 255, 256, 65_535, 65_536] {
                let there = mended_length(octets, old, new);
                let back = mended_length(there.len(), new, old);
                let clamped = there.len() == 5 && octets != 5;
                assert!(clamped || back.len() == octets, "{octets} {old} {new}: {there:02x?} {back:02x?}");
            }
        }
    }

    fn tree() -> impl Strategy<Value = Vec<u8>> {
        let leaf = proptest::collection::vec(any::<u8>(), 0..200).prop_map(|content| der_writer::octet_string(&content));
        leaf.prop_recursive(4, 40, 5, |inner| {
            (proptest::collection::vec(inner, 0..5), any::<bool>()).prop_map(|(children, indefinite)| {
                let content = children.concat();
                if indefinite { [&[0x30, 0x80][..], &content, &[0, 0]].concat() } else { der_writer::element(0x30, &content) }
            })
        })
    }

    fn elements<'a>(element: Element<'a>, all: &mut Vec<Element<'a>>) {
        if element.is_constructed() {
            all.push(element);
            for child in element.children().unwrap() {
                elements(child, all);
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_put_in_can_be_taken_out(file in tree(), which in any::<prop::sample::Index>(), place in any::<prop::sample::Index>(), size in 0_usize..70_000) {
            let root = Element::only(&file).unwrap();
            let mut all = Vec::new();
            elements(root, &mut all);
            prop_assume!(!all.is_empty());
            let index = which.index(all.len());
            let parent = all[index];
            let children = parent.children().unwrap();
            let at = place.index(children.len() + 1);
            let offset = children.get(at).map_or(parent.content_end, |child| child.start);
            let edited = apply(&root, vec![Edit::insert(&parent, offset, der_writer::octet_string(&vec![7; size]))]).unwrap();

            let root = Element::only(&edited).unwrap();
            let mut all = Vec::new();
            elements(root, &mut all);
            let parent = all[index];
            let child = parent.children().unwrap()[at];
            prop_assert_eq!(child.content().len(), size);
            prop_assert_eq!(apply(&root, vec![Edit::remove(&parent, &child)]).unwrap(), file);
        }
    }
}
