//! Compiles `proto/` without protoc, and keeps the descriptors for reflection.

use prost::Message as _;
use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new("../../proto");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut compiler = protox::Compiler::new([root])?;
    compiler.include_source_info(true).include_imports(true).open_files(["countersign/v1/signing.proto"])?;
    let descriptors = compiler.file_descriptor_set();
    #[expect(clippy::disallowed_methods, reason = "cargo tells a build script its folder that way")]
    let out = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&out).join("countersign.v1.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure().bytes(".").compile_fds(descriptors)?;
    Ok(())
}
