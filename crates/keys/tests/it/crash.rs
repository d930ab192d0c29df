//! A process that dies between any two writes leaves the old key or the new one.
