//! NuGet's reading of each attribute (spec 4.5).
