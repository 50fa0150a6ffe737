/* A supervisor looks after one customer: finds them by key, changes consent, joins a second record and takes it
 * apart, reads an order's way, cancels an order after seeing what would happen, opens a complaint, moves it on the
 * board; in both languages and themes, checked for accessibility. */
import { accessible, assert, picture, scenario, signIn, until } from './lib.mjs';

const text = (page, sel) => page.locator(sel).first().innerText();
const count = (page, sel) => page.locator(sel).count();
const keys = async (page, ...all) => {
  for (const k of all) await page.keyboard.press(k);
};

async function customers(page) {
  await keys(page, 'g', 'c');
  await page.waitForSelector('[data-test=customer]');
  await accessible(page, 'customers');
  await page.keyboard.press('/');
  await page.keyboard.type('Chloe');
  await until('one customer found', async () => (await count(page, '[data-test=customer]')) === 1);
  await keys(page, 'Escape', 'j', 'Enter');
  await page.waitForSelector('[data-test=profile]');
  assert.match(await text(page, '[data-test=identities]'), /\*{2,}/, 'identities are masked');
  const box = page.locator('[data-test=consent-email-marketing]');
  const before = await box.getAttribute('aria-checked');
  await box.click();
  await until('consent kept', async () => (await box.getAttribute('aria-checked')) !== before);
  await page.reload();
  await page.waitForSelector('[data-test=profile]');
  assert.notEqual(await box.getAttribute('aria-checked'), before, 'consent is there after a reload');
  await accessible(page, 'a customer');
  await page.waitForSelector('[data-test=timeline] [data-test=moment]');
  await picture(page, 'service_customer');
}

async function joining(page) {
  const id = (await page.evaluate(() => location.hash)).split('/')[2];
  await page.fill('[data-test=join-who]', 'c003');
  await page.fill('[data-test=join-why]', 'same phone, said so on the line');
  await page.click('[data-test=join-do]');
  await page.waitForSelector('[data-test=unjoin]');
  assert.match(await text(page, '[data-test=joined]'), /same phone/);
  await page.locator('[data-test=unjoin]').first().click();
  await until('apart again', async () => (await count(page, '[data-test=joined]')) === 0);
  await page.click('[data-test=reveal]');
  await until('in full', async () => !/\*{3,}/.test(await text(page, '[data-test=identity]')));
  return id;
}

async function orders(page) {
  await keys(page, 'g', 'o');
  await page.waitForSelector('[data-test=order]');
  await accessible(page, 'orders');
  await page.selectOption('[data-test=pick-state]', 'delivered');
  await until('only delivered ones', async () => {
    const all = await page.locator('[data-test=order] [data-test=state]').allInnerTexts();
    return all.length > 0 && all.every((x) => x === 'Delivered');
  });
  await keys(page, 'j', 'Enter');
  await page.waitForSelector('[data-test=way]');
  assert.ok((await count(page, '[data-test=stop]')) >= 3, 'the way has stops');
  await accessible(page, 'an order');
  await picture(page, 'service_order');
}

/* What can be cancelled is not sent yet. */
async function cancel(page) {
  await keys(page, 'Escape');
  await page.waitForSelector('[data-test=pick-state]');
  await page.selectOption('[data-test=pick-state]', 'paid');
  await page.waitForSelector('[data-test=order]');
  await until('paid ones', async () =>
    (await page.locator('[data-test=order] [data-test=state]').allInnerTexts()).every((x) => x === 'Paid'));
  await keys(page, 'j', 'Enter');
  await page.waitForSelector('[data-test=tool-order_cancel]');
  await page.click('[data-test=tool-order_cancel]');
  await page.click('[data-test=dry]');
  await page.waitForSelector('[data-test=outcome][data-outcome=verify]');
  await page.click('[data-test=back-form]');
  await page.selectOption('[data-test=checked]', 'order_and_phone');
  await page.click('[data-test=dry]');
  await page.waitForSelector('[data-test=outcome][data-stage=dry]:not([data-outcome=verify])');
  await picture(page, 'service_dry');
  assert.equal(await text(page, '[data-test=order-page] [data-test=state]'), 'Paid', 'looking changes nothing');
  await page.click('[data-test=do]');
  await page.waitForSelector('[data-test=outcome][data-stage=confirm]');
  await page.click('[data-test=yes]');
  await page.waitForSelector('[data-test=outcome][data-outcome=done]');
  await until('the order is cancelled', async () =>
    (await text(page, '[data-test=order-page] [data-test=state]')) === 'Cancelled');
}

async function tickets(page, customer) {
  await page.evaluate(() => document.activeElement?.blur());
  await keys(page, 'g', 't');
  await page.waitForSelector('[data-test=new-ticket]');
  await keys(page, 'c');
  await page.waitForSelector('[data-test=new-title]');
  await page.fill('[data-test=new-title]', 'Three calls and still no sofa');
  await page.selectOption('[data-test=new-severity]', 'high');
  await page.fill('[data-test=new-customer]', customer);
  await page.fill('[data-test=new-what]', 'Promised for Monday, nobody came, nobody called.');
  await page.fill('[data-test=new-wants]', 'Delivery this week.');
  await page.click('[data-test=new-save]');
  await page.waitForSelector('[data-test=case]');
  assert.match(await text(page, '[data-test=case]'), /Delivery this week/);
  assert.ok((await count(page, '[data-test=ticket-page] [data-test=due]')) >= 1, 'clocks run');
  await page.click('[data-test=take]');
  await until('it is mine', async () => (await page.inputValue('[data-test=owner]')) === 'admin');
  await page.evaluate(() => document.activeElement?.blur());
  await keys(page, 'm');
  await page.keyboard.type('Truck is booked for Friday.');
  await page.keyboard.press('Control+Enter');
  await until('noted', async () => /Truck is booked/.test(await text(page, '[data-test=notes]')));
  await accessible(page, 'a ticket');
  await picture(page, 'service_ticket');
  await page.evaluate(() => document.activeElement?.blur());
  await keys(page, 'g', 't');
  await page.waitForSelector('[data-test=board] [data-test=tcard]');
  await accessible(page, 'the board');
  const card = page.locator('[data-state=new] [data-test=tcard]', { hasText: 'Three calls' });
  await card.focus();
  await keys(page, ']');
  await page.locator('[data-state=open] [data-test=tcard]', { hasText: 'Three calls' }).waitFor();
  await picture(page, 'service_board');
}

await scenario('service', async (open) => {
  const page = await open({ size: [1360, 900] });
  await signIn(page);
  await customers(page);
  const id = await joining(page);
  await orders(page);
  await cancel(page);
  await tickets(page, id);
  await page.click('[data-test=theme]');
  await page.click('[data-test=lang]');
  await until('Chinese', async () => (await text(page, 'h1')) === '工单');
  await accessible(page, 'the board in the dark');
  /* twice as large: half the room; nothing may be cut off sideways */
  await page.setViewportSize({ width: 640, height: 450 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `fits at 200 %, ${wide} px too wide`);
});
