"""Words that stand in every talk and say nothing of what it is about."""

STOP = frozenset(
    # pronouns, particles, small talk of chat groups
    """
    我们 你们 他们 她们 大家 自己 这个 那个 这样 那样 这么 那么 什么 怎么 怎么样 哪里 哪个 这里 那里
    一个 一下 一点 一些 一直 一样 一起 有点 有的 没有 不是 不会 不能 不要 可以 可能 应该 需要 知道
    觉得 感觉 真的 就是 还是 还有 但是 不过 因为 所以 如果 或者 而且 然后 已经 现在 今天 明天 昨天
    今晚 早上 晚上 下午 中午 上次 这次 下次 时候 之后 之前 以后 以前 多少 几个 几天 哈哈 哈哈哈 嗯嗯
    好的 谢谢 感谢 请问 姐妹 姐妹们 亲们 宝宝 宝子 收到 是的 对的 可不可以 有没有 能不能 是不是 出来
    起来 过来 过去 上去 下来 不到 不了 比较 非常 特别 真是 确实 其实 反正 只是 只有 还要 都是 也是
    """.split()  # noqa: SIM905  a list of words reads better as text
    + """
    the and for that this with you your have has had was were are not but they them then than what
    when where which who why how can could would should will just like get got use used using one
    out all any some there here from its it's i'm i've don't doesn't didn't can't about into over
    only also very much more most other yes yeah okay thanks thank please hello well know think
    want need try going now too sure thing things something
    """.split()  # noqa: SIM905
)
