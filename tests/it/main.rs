mod by_hand;
mod catalog;
mod iam;
