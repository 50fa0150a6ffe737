/* What customers want: the words that the strategy table takes (src/policy/policy_cond.c). */
export const INTENTS = [
  'order_status', 'cancel_order', 'change_address', 'return_goods', 'exchange_goods', 'refund_status', 'product_info',
  'price_query', 'stock_query', 'warranty', 'invoice', 'delivery_time', 'complaint', 'technical_fault', 'billing_query',
  'plan_change', 'talk_to_human', 'greeting', 'thanks', 'out_of_scope',
];
/* What a turn is labelled with, by default. */
export const LABELS = [...INTENTS.filter((i) => i !== 'out_of_scope'), 'goodbye', 'oos'];
