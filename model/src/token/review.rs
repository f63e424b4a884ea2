//! The `TokenReview`: what a token is worth, for programs that are given one.

use serde_json::{Value, json};

use crate::Model;
use crate::answer::Answer;
use crate::status::Refusal;
use crate::user::User;
use crate::world::{Outcome, World};

use super::chain::{Verdict, authenticate};
use super::text;

/// `POST /apis/authentication.k8s.io/v1/tokenreviews`.
pub(crate) fn review(world: &mut World, body: &Value) -> Outcome<Answer> {
    let mut answer = body.clone();
    super::request::reset_metadata(&mut answer, &world.profile, false);
    let token = text(body, "/spec/token");
    if token.is_empty() {
        return Err(Refusal::bad_request("token is required for TokenReview in authentication"));
    }
    let asked: Vec<String> = texts(&body["spec"]["audiences"]);
    let asked = if asked.is_empty() { vec![Model::ISSUER.to_owned()] } else { asked };

    // What was posted as status stays where nothing is said instead.
    let mut status = body.get("status").filter(|status| status.is_object()).cloned().unwrap_or_else(|| json!({}));
    let is_known = match authenticate(world, &format!("Bearer {token}"), &asked) {
        Verdict::Good(found) => {
            status["user"] = found.user.known().info();
            status["audiences"] = found.audiences.into();
            true
        }
        Verdict::Nobody | Verdict::Blank => {
            status["user"] = User::anonymous().info();
            status["audiences"] = asked.into();
            true
        }
        Verdict::Bad(why) => {
            status["error"] = why.into();
            false
        }
    };
    if let Some(status) = status.as_object_mut() {
        status.entry("user").or_insert_with(|| json!({}));
        status.remove("authenticated");
        if is_known {
            status.insert("authenticated".to_owned(), true.into());
        }
    }
    answer["status"] = status;
    Ok(Answer::new(201, answer))
}

/// The texts of a list.
pub(super) fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}
