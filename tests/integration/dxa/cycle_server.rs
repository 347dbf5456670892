//! The agent as the dirsync server of postoffices (`spec/exchange.md` DX-02, DX-11 to DX-18, DX-30).
