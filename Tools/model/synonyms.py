"""Words that may stand for one another, so that one phrase teaches several."""

import re

ENGLISH = """
answer: reply, response, output, text | answers: replies, responses, outputs | limit: cap, bound, restrict, maximum
server: service, instance, box, machine | start: launch, boot, bring up, run, spin up | stop: end, halt, quit, terminate
set: configure, specify, choose, define, pick, adjust | change: modify, alter, adjust, switch, edit, tweak
slow: sluggish, laggy, crawling | fast: quick, speedy | fix: solve, repair, resolve, get rid of | show: display, print, reveal, tell
get: obtain, fetch, receive, retrieve, have, see | see: view, look at, find, read, inspect | use: employ, utilise, apply, work with, take
request: call, query | requests: calls, queries | memory: ram | many: lots of, plenty of, several | big: large, huge, great
large: big, huge | small: little, tiny, compact | error: failure, message, problem | wrong: bad, incorrect, broken | need: require, want
allow: permit, let, enable, accept | forbid: ban, block, disallow, prohibit | enable: activate, turn on, switch on, allow
disable: deactivate, turn off, switch off, get rid of | reduce: lower, cut, decrease, shrink, bring down | increase: raise, grow, boost, push up, enlarge
avoid: prevent, stop, get rid of, work around | explain: clarify, describe, spell out, elaborate on | works: functions, operates
why: how come, for what reason, what makes it so that | folder: directory, path | flag: option, switch, argument, parameter
flags: options, switches, arguments, settings | command: instruction, subcommand, cli command | picture: photo, image, screenshot
number: count, amount, quantity | default: standard, preset, usual value | client: caller, application, app, user | clients: callers, apps, users
users: people, customers, visitors | user: person, customer | key: secret, credential, password | send: pass, post, submit, give, transmit
return: give back, deliver, output, include | generate: produce, create, write, make, emit | measure: determine, gauge, assess, check, quantify
benchmark: test, measure, profile | length: size, extent | long: lengthy | short: brief | wait: hang, stall, sit idle | queue: line, backlog
full: exhausted, used up, packed | possible: feasible, doable | supported: available, handled, implemented, accepted | support: handle, offer, provide, accept, understand
different: other, distinct | difference: distinction, contrast | idea: concept, notion, principle | purpose: goal, point, role, use
meaning: definition, sense | parallel: concurrent, simultaneous | model: checkpoint, network, llm | text: string, passage, words
document: file, page | free: unused, idle | check: verify, test, look at, examine | list: enumerate, name | host: serve, run, deploy
load: read, open, import | several: multiple, a few, various | whole: entire, full, complete | metric: series, gauge, statistic, measurement
metrics: statistics, numbers, stats, measurements | monitor: watch, observe, track, keep an eye on | shows: tells, reports, gives, indicates
running: active, live, in progress | waiting: pending, queued | cache: buffer, store | hidden: secret | word: term | words: terms, phrases
repeat: say again, loop | random: arbitrary | same: identical, equal | quickly: fast, at once | currently: now | happens: occurs, goes on
cannot: can't, am unable to | isn't: is not | doesn't: does not | i: we, one | my: our, the, your | me: us | machine: computer, box, node
bits: digits | weights: parameters, tensors | layer: block | split: divide, distribute, shard | share: fraction, portion, part | time: duration, delay
fails: breaks, errors out, crashes | connect: attach, link | install: set up, put | compile: build | documentation: docs, manual, handbook
"""
CHINESE = """
怎么: 咋, 如何, 怎样, 怎么才能 | 回答: 回复, 答复, 输出, 应答 | 输出: 返回, 生成, 回复 | 设置: 配置, 设定, 指定, 调 | 修改: 更改, 改动, 调整, 变更
限制: 控制, 约束, 限定 | 查看: 看, 查询, 看到, 了解 | 启动: 运行, 开启, 拉起, 跑起来 | 停止: 终止, 结束, 停下 | 关闭: 停用, 关掉, 禁掉
很慢: 特别慢, 好慢, 慢得很, 太慢 | 提高: 提升, 增大, 加大, 调高, 增加 | 降低: 减小, 减少, 调低, 压低 | 使用: 用, 采用, 利用 | 支持: 兼容, 能用, 可以用
请求: 调用, 任务 | 服务器: 服务, 服务端, 机器 | 服务: 服务器, 服务端 | 参数: 选项, 配置项, 开关 | 命令: 指令 | 文件夹: 目录, 路径 | 内存: RAM
显卡: GPU, 独显 | 密钥: 口令, 凭证, key, 令牌 | 客户端: 调用方, 应用, 程序 | 用户: 客户, 使用者, 人 | 错误: 报错, 异常 | 为什么: 为何, 为啥, 怎么会, 什么原因
什么: 啥 | 多少: 几, 多大 | 哪个: 哪一个, 啥, 什么 | 哪里: 哪儿, 什么地方 | 太长: 过长, 很长, 超长 | 同时: 一起, 并行, 并发 | 指标: 监控项, 度量, 数据
长度: 大小, 字数 | 生成: 产生, 输出, 写出 | 获取: 得到, 拿到, 取得, 要到 | 需要: 要, 得 | 可以: 能, 能够 | 区别: 差别, 差异, 不同 | 作用: 用途, 功能, 用处
意思: 含义, 意义 | 加载: 载入, 读取, 装载 | 部署: 上线, 搭建, 托管, 运行 | 测试: 检测, 测一下, 评测 | 排队: 等待, 等着 | 缓存: cache, 缓冲 | 默认: 缺省, 预设
模型: 大模型, LLM, 权重 | 提示: 提示词, prompt, 输入 | 提示词: 提示, prompt | 图片: 图像, 照片, 截图 | 禁止: 屏蔽, 不许, 阻止 | 重复: 复读, 反复 | 概率: 可能性, 几率
随机: 不确定 | 结果: 答案, 输出 | 相同: 一样, 同样, 一致 | 截断: 截短, 砍掉, 裁掉 | 端口: 端口号, port | 地址: URL, 网址 | 接口: API, 端点, 路径 | 文档: 资料, 手册, 说明
断开: 断掉, 中断, 掉线 | 已满: 满了, 用光 | 用完: 耗尽, 用光 | 正在: 目前, 当前 | 一次: 每次, 单次 | 快: 迅速 | 大: 高 | 解释: 说明, 讲解, 阐述 | 区分: 分开 | 编译: 构建, build
电脑: 机器, 主机 | 拒绝: 驳回, 不接受 | 保护: 防护, 加固 | 流式: 实时, stream, 逐字 | 允许: 准许, 让 | 增加: 加, 扩大 | 原理: 机制, 思路 | 怎么用: 如何使用, 用法 | 有没有: 是否有, 有无 | 能不能: 是否能, 可否 | 吗: 么, 不
"""


def table(text):
    words = {}
    for entry in text.replace("\n", "|").split("|"):
        word, _, others = entry.partition(":")
        if others:
            words[word.strip()] = [other.strip() for other in others.split(",")]
    return words


ENGLISH, CHINESE = table(ENGLISH), table(CHINESE)
ENGLISH_WORDS = re.compile(r"(?<![\w/-])(" + "|".join(ENGLISH) + r")(?![\w/-])", re.IGNORECASE)
CHINESE_WORDS = re.compile("|".join(sorted(CHINESE, key=len, reverse=True)))


def varied(text, language, chance):
    """The text with one or two words put in other words, where there are any."""
    pattern, words = (ENGLISH_WORDS, ENGLISH) if language == "en" else (CHINESE_WORDS, CHINESE)
    for _ in range(chance.choice([1, 1, 2])):
        found = list(pattern.finditer(text))
        if found:
            match = chance.choice(found)
            other = chance.choice(words[match[0].lower()])
            text = text[: match.start()] + other + text[match.end() :]
    return text
