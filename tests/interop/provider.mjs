// provider.mjs DIR CERTS MODULES - a real OpenID provider (npm oidc-provider) on the loopback interface, with a scripted person.
//
// Prints "port N plain M" once it listens, and ends when its standard input does.  N is https with CERTS/good.pem, M is http
// for mail servers that introspect tokens.  The issuer is https://localhost:N.
//
// What the tests say, in DIR, read anew for each request:
//	person		who logs in and allows everything; an empty file: the person refuses.  Default: me@example.org
//	lifetime	seconds of an access token; default 3600
//	bits		of randomness of tokens and codes; default 256
//	scope		what the person allows; default: what was asked for
//	interval	seconds between two questions of the device flow; default: the provider names none
//	slow_down	how often a device client is told to slow down
//	plain_iss	the answer of the browser flow has this issuer
//	revoke		an access token that ends now; its login does not (POST /token/revocation ends both)
//	blind		if it is there, mail servers that ask about a token get 503
// What they see there: `log`, a line for each request ("POST /token authorization_code 200"), and the tokens that were given:
// `access` and `refresh`, one a line.
//
// Clients: `native` (public), `robot` with the secret `tin+/=% man` (client credentials), `dovecot` with the secret `introspect`.
// Others can register.  Two functions that Node 18 lacks are added, so that the same version runs there.
import { webcrypto } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { pathToFileURL } from 'node:url';

globalThis.crypto ??= webcrypto;
URL.parse ??= (url, base) => { try { return new URL(url, base); } catch { return null; } };
console.warn = console.info = () => {};
const [dir, certs, modules] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${modules}/oidc-provider/lib/index.js`));

function said(name, usual) {
	try {
		return readFileSync(`${dir}/${name}`, 'utf8').trim();
	} catch {
		return usual;
	}
}

const note = (name, line) => appendFileSync(`${dir}/${name}`, `${line}\n`);

const mail = 'urn:ietf:params:oauth:scope:mail';
const device = 'urn:ietf:params:oauth:grant-type:device_code';

function configuration() {
	return {
		clients: [{
			client_id: 'native', application_type: 'native', token_endpoint_auth_method: 'none',
			redirect_uris: ['http://127.0.0.1', 'http://localhost', 'http://[::1]'],
			grant_types: ['authorization_code', 'refresh_token', device], response_types: ['code'],
		}, {
			client_id: 'robot', client_secret: 'tin+/=% man', token_endpoint_auth_method: 'client_secret_post',
			redirect_uris: [], response_types: [], grant_types: ['client_credentials'],
		}, {
			client_id: 'dovecot', client_secret: 'introspect', redirect_uris: [], response_types: [], grant_types: [],
		}],
		scopes: ['openid', 'email', 'offline_access', 'smtp', mail],
		claims: { openid: ['sub'], email: ['email'] },
		conformIdTokenClaims: false,
		cookies: { keys: ['loopback'] },
		features: {
			devInteractions: { enabled: false },
			deviceFlow: { enabled: true },
			clientCredentials: { enabled: true },
			introspection: { enabled: true, allowedPolicy: () => true },
			revocation: { enabled: true, allowedPolicy: () => true },
			registration: { enabled: true, initialAccessToken: false },
		},
		findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id, email: id }) }),
		formats: { bitsOfOpaqueRandomness: () => Number(said('bits', '256')) },
		interactions: { url: (ctx, interaction) => `/person/${interaction.uid}` },
		issueRefreshToken: (ctx, client) => client.grantTypeAllowed('refresh_token'),
		rotateRefreshToken: () => true,
		ttl: { AccessToken: () => Number(said('lifetime', '3600')), ClientCredentials: () => Number(said('lifetime', '3600')) },
	};
}

// The person logs in, or refuses, without a page.
async function answerPerson(provider, ctx) {
	const { prompt, params, session, grantId } = await provider.interactionDetails(ctx.req, ctx.res);
	const person = said('person', 'me@example.org');
	let result;

	if (person === '') {
		result = { error: 'access_denied', error_description: 'The person said no.' };
	} else if (prompt.name === 'login') {
		result = { login: { accountId: person } };
	} else {
		const grant = (grantId && await provider.Grant.find(grantId))
			?? new provider.Grant({ accountId: session.accountId, clientId: params.client_id });

		const allowed = said('scope', params.scope).split(' ');

		grant.addOIDCScope(allowed.join(' '));
		grant.rejectOIDCScope(params.scope.split(' ').filter((word) => !allowed.includes(word)).join(' '));
		result = { consent: { grantId: await grant.save() } };
	}
	await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
	ctx.respond = false;
}

// oidc-provider names no interval and never says slow_down.
let asked = 0, slowed = 0;

async function paceDevice(ctx, next) {
	const grant = ctx.path === '/token' && await grantOf(ctx);

	if (grant === device) {
		const interval = Number(said('interval', '5')), soon = Date.now() - asked < 1000 * (interval + 5 * slowed) - 50;

		if (asked > 0 && soon)
			note('log', 'the device asks too early');
		asked = Date.now();
		if (slowed < Number(said('slow_down', '0'))) {
			slowed++;
			ctx.status = 400;
			ctx.body = { error: 'slow_down' };
			return;
		}
	}
	await next();
	if (ctx.path === '/device/auth' && ctx.status === 200) {
		asked = Date.now();
		slowed = 0;
		if (said('interval') !== undefined)
			ctx.body.interval = Number(said('interval'));
	}
}

// The body is read here, since oidc-provider takes one that was parsed already.
async function grantOf(ctx) {
	if (ctx.req.body === undefined) {
		const pieces = [];

		for await (const piece of ctx.req)
			pieces.push(piece);
		ctx.req.body = Object.fromEntries(new URLSearchParams(Buffer.concat(pieces).toString()));
	}
	return ctx.req.body.grant_type;
}

async function watch(ctx, next) {
	const grant = ctx.path === '/token' && ctx.method === 'POST' ? await grantOf(ctx) : undefined;

	await (await provider.AccessToken.find(said('revoke', '-')))?.destroy();
	await next();
	note('log', [ctx.method, ctx.path.replace(/^\/(person|auth)\/.*/, '/$1/...'), grant?.replace(/.*:/, ''), ctx.status,
		     ctx.body?.error].filter(Boolean).join(' '));
	if (ctx.path === '/token' && ctx.body?.access_token !== undefined)
		note('access', ctx.body.access_token);
	if (ctx.path === '/token' && ctx.body?.refresh_token !== undefined)
		note('refresh', ctx.body.refresh_token);
	if (ctx.path === '/token/introspection' && said('blind') !== undefined)
		ctx.status = 503;
	else if (ctx.path === '/token/introspection' && ctx.body?.active)
		ctx.body.email = ctx.body.sub ?? ctx.body.client_id;
	const wrong = said('plain_iss'), to = ctx.response.get('Location') ?? '';
	if (wrong !== undefined && to.includes('iss='))
		ctx.set('Location', to.replace(/iss=[^&]*/, `iss=${encodeURIComponent(wrong)}`));
}

const listen = (server) => new Promise((done) => { server.listen(0, '127.0.0.1', () => done(server.address().port)); });
const secure = https.createServer({ key: readFileSync(`${certs}/good.key`), cert: readFileSync(`${certs}/good.pem`) });
const plain = http.createServer();
const port = await listen(secure), plainPort = await listen(plain);
const provider = new Provider(`https://localhost:${port}`, configuration());

provider.use(watch);
provider.use(paceDevice);
provider.use((ctx, next) => (ctx.path.startsWith('/person/') ? answerPerson(provider, ctx) : next()));
provider.on('server_error', (ctx, error) => note('log', `server error: ${error.stack}`));
secure.on('request', provider.callback());
plain.on('request', provider.callback());
console.log(`port ${port} plain ${plainPort}`);
process.stdin.resume().on('end', () => process.exit(0));
