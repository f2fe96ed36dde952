extension Migration {
  // The order in which deliveries go, so that the first of a long queue are found without sorting all of it.
  static let orderDeliveries = """
    DROP INDEX delivery_due;
    CREATE INDEX delivery_next ON delivery (channel, priority DESC, due, id) WHERE dead = 0;
    """

  // The order in which messages of a state are worked at, so that the first of many are found without sorting all of them.
  static let orderWaitingMessages = "CREATE INDEX message_order ON message (state, position);"
}
