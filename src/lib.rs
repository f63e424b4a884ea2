//! x
#![allow(missing_docs)]
pub mod cli {
    pub mod review;
}
pub mod snapshot;
pub mod version;
pub mod action {
    pub mod reply;
    pub mod view;
    pub use reply::Reply;
    pub use view::View;
}
pub mod cluster {
    mod exchange;
    pub use exchange::{Exchange, Request};
}
