//! A whole request: URL, headers and body filled in.

use super::error::RenderError;
use super::eval::Context;
use super::fuel::Fuel;
use super::header;
use super::rendered::{RenderedBody, RenderedRequest};
use super::scope::Scope;
use super::uses::Uses;
use crate::checked::{Body, HttpEndpoint};

impl HttpEndpoint {
    /// Fills in every template of the request.
    pub fn render(&self, scope: &Scope<'_>) -> Result<RenderedRequest, RenderError> {
        let fuel = Fuel::full();
        let context = Context::request(scope, &fuel);
        let rendered = self.url.render(&self.query, context)?;
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, template) in &self.headers {
            headers.extend(header::render(name, template, context)?.map(|pieces| (name.clone(), pieces)));
        }
        let body = match &self.body {
            None => None,
            Some(Body::Json(template)) => template.render(scope)?.map(RenderedBody::Json),
            Some(Body::Form(template)) => Some(RenderedBody::Form(template.render_form(scope)?)),
            Some(Body::Multipart(template)) => Some(RenderedBody::Multipart(template.render_parts(scope)?)),
            Some(Body::Text(template)) => super::text::body(template, context)?,
        };
        Ok(RenderedRequest {
            url: rendered.url,
            secret_query: rendered.secret_query,
            headers,
            body,
        })
    }

    /// Everything that the request reads; the secrets of `auth` included.
    pub fn uses(&self) -> Uses {
        let mut uses = self.request_uses();
        uses.join(&self.auth.uses());
        uses
    }

    /// What the request reads besides its credentials.
    pub(super) fn request_uses(&self) -> Uses {
        let mut uses = self.url.uses().clone();
        self.query
            .iter()
            .chain(&self.headers)
            .for_each(|(_, template)| uses.join(template.uses()));
        match &self.body {
            None => {}
            Some(Body::Json(template) | Body::Form(template) | Body::Multipart(template)) => {
                uses.join(template.uses())
            }
            Some(Body::Text(template)) => uses.join(template.uses()),
        }
        uses
    }
}
