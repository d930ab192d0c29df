//! Where a package's bytes come from: anything that can be read at an offset.

use bytes::Bytes;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// A source of known size that can be read at any offset.
pub trait ReadAt {
    /// Its size in bytes.
    fn size(&self) -> u64;

    /// Fills `buf` from `offset`. Past the end it fails with [`io::ErrorKind::UnexpectedEof`].
    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

impl ReadAt for [u8] {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let part = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(buf.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(part);
        Ok(())
    }
}

macro_rules! read_at_as_slice {
    ($($holder:ty),*) => {$(
        impl ReadAt for $holder {
            fn size(&self) -> u64 {
                self.len() as u64
            }

            fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
                <[u8] as ReadAt>::read_exact_at(self, offset, buf)
            }
        }
    )*};
}

read_at_as_slice!(Vec<u8>, Bytes, &[u8]);

/// An open file. Its size is taken once, when it is wrapped.
#[derive(Debug)]
pub struct FileSource {
    file: File,
    size: u64,
}

impl FileSource {
    /// Wraps a file and asks for its size.
    pub fn new(file: File) -> io::Result<Self> {
        let size = file.metadata()?.len();
        Ok(Self { file, size })
    }
}

impl ReadAt for FileSource {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_exact_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        if offset.checked_add(buf.len() as u64).is_none_or(|end| end > self.size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.file.read_exact_at(buf, offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_stop_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        std::fs::write(&path, b"abcdef").unwrap();
        let file = FileSource::new(File::open(&path).unwrap()).unwrap();
        let sources: [&dyn ReadAt; 3] = [&file, &Vec::from(*b"abcdef"), &Bytes::from_static(b"abcdef")];
        for source in sources {
            assert_eq!(source.size(), 6);
            let mut two = [0; 2];
            source.read_exact_at(4, &mut two).unwrap();
            assert_eq!(&two, b"ef");
            for offset in [5, 6, u64::MAX] {
                assert_eq!(source.read_exact_at(offset, &mut two).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
            }
        }
    }
}
